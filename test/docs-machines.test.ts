import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, createMachine } from 'xstate';
import { allStates, chartOf } from '../scripts/machine-docs/chart.js';
import { picturesOf } from '../scripts/machine-docs/diagram.js';
import { filesOfMachines, folder, machines } from '../scripts/machine-docs/files.js';

const files = filesOfMachines();
const remedy = 'docs/machines is stale: run `npm run docs:machines`';

test('docs/machines is what the machines say now', () => {
  expect(readdirSync(folder).sort(), remedy).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(new URL(name, folder), 'utf8'), remedy).toBe(text);
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
