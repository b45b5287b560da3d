import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createMachine } from 'xstate';
import { allStates, chartOf } from '../scripts/machine-docs/chart.js';
import { chartsFile, chartsText } from '../scripts/machine-docs/charts.js';
import { picturesOf } from '../scripts/machine-docs/diagram.js';
import { filesOfMachines, folder, machines } from '../scripts/machine-docs/files.js';
import type { Chart } from '../src/inspect/page/protocol.js';

const files = filesOfMachines();
const remedy = 'docs/machines is stale: run `npm run docs:machines`';

test('docs/machines is what the machines say now', () => {
  expect(readdirSync(folder).sort(), remedy).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(new URL(name, folder), 'utf8'), remedy).toBe(text);
});

test('the charts of the inspector are what the machines say now', async () => {
  const remedyOfCharts = 'src/inspect/page/charts.json is stale: run `npm run docs:machines`';
  expect(readFileSync(chartsFile, 'utf8'), remedyOfCharts).toBe(await chartsText());
}, 60_000);

test('the charts of the inspector have a box for every state and a way for every move', async () => {
  const charts = JSON.parse(readFileSync(chartsFile, 'utf8')) as readonly Chart[];
  expect(charts.map(({ machine }) => machine)).toEqual(Object.keys(machines));
  for (const { machine: name, states, moves, width, height } of charts) {
    const all = allStates(chartOf(machines[name] as AnyStateMachine));
    expect(states.map(({ path }) => path)).toEqual(all.map(({ path }) => path));
    const ways = all
      .flatMap((state) => state.moves)
      .filter(({ from, to, isBug }) => from !== '' && to !== undefined && !isBug);
    for (const { from, to, trigger } of ways) {
      const way = moves.find((move) => move.from === from && move.to === to);
      expect(way?.triggers).toContain(trigger);
    }
    for (const [x, y] of moves.flatMap(({ points }) => points)) {
      expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
    }
  }
});

/** Every state with the events it reacts to and where they lead, by name. */
function outlineOf(machine: AnyStateMachine): readonly string[] {
  const lines: string[] = [];
  const visit = (node: AnyStateNode): void => {
    const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
    for (const { eventType, target } of transitions) {
      lines.push(`${node.id} ${eventType} ${target?.map(({ id }) => id).join() ?? ''}`);
    }
    lines.push(`${node.id} ${node.type} ${node.tags.join()} ${node.description}`);
    Object.values(node.states).forEach(visit);
  };
  visit(machine.root);
  return lines;
}

describe.each(Object.entries(machines))('the %s machine', (name, machine) => {
  test('survives the way through JSON with all its states, events and targets', () => {
    const definition: unknown = JSON.parse(files.get(`${name}.json`) ?? '');
    expect(outlineOf(createMachine(definition as object))).toEqual(outlineOf(machine));
  });

  test('names all its guards, actions, delays and actors in the JSON', () => {
    const text = files.get(`${name}.json`) ?? '';
    const { actions, actors, delays, guards } = machine.implementations;
    for (const each of Object.keys({ ...actions, ...actors, ...delays, ...guards })) {
      expect(text).toContain(`"${each}"`);
    }
  });

  const states = allStates(chartOf(machine));

  test('has every state in the table, with what is true and every event', () => {
    const page = files.get(`${name}.md`) ?? '';
    for (const { path, description, moves } of states.filter((state) => state.path !== '')) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${path}\``)) ?? '';
      expect(row).toContain(`| ${description} |`);
      for (const { trigger, to } of moves) expect(row).toContain(to === undefined ? trigger : `→ \`${to}\``);
    }
  });

  test('shows every state in one picture, but where bugs end', () => {
    const drawn = picturesOf(chartOf(machine)).flatMap(({ of, mermaid }) =>
      [...mermaid.matchAll(/^ *state "([^"<]+)(?:<br\/>.*)?" as \1$/gm)].flatMap(([, state]) =>
        of.map((path) => (path === '' ? state : `${path}.${state}`)),
      ),
    );
    const missing = states
      .filter((state) => state.path !== '' && state.name !== 'failed')
      .map(({ path }) => path)
      .filter((path) => !drawn.includes(path));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect({ [name]: missing }).toEqual({ [name]: undrawn[name] });
  });
});

/** Regions, and ends that only a whole picture leads to: both are said in words. */
const undrawn: Readonly<Record<string, readonly string[]>> = {
  connection: ['closed'],
  lease: ['alive.renewal', 'alive.trust'],
  watcher: ['closed'],
  registry: [
    'keeping',
    'keeping.listening',
    'keeping.ended',
    'life',
    'guarding',
    'publishing',
    'publishing.stopped',
    'auditing',
    'auditing.stopped',
  ],
};
