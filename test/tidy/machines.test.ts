import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../../machines/index.js';
import { sources } from './sources.js';

const machines: Readonly<Record<string, AnyStateMachine>> = {
  connection: connectionMachine,
  lease: leaseMachine,
  watcher: watcherMachine,
  registry: registryMachine,
};

/** A part of a machine's config where it is written down what may happen. */
interface TransitionConfig {
  readonly guard?: unknown;
  readonly actions?: unknown;
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function nodesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

interface InvokeConfig {
  readonly id?: string;
  readonly src?: unknown;
  readonly onDone?: unknown;
  readonly onError?: unknown;
}

const invokesOf = ({ config }: AnyStateNode): readonly InvokeConfig[] =>
  listOf(config.invoke) as readonly InvokeConfig[];

/** Everything that can happen in a state, as its author wrote it. */
function transitionsOf(node: AnyStateNode): readonly TransitionConfig[] {
  const { on = {}, after = {}, always } = node.config;
  const ends = invokesOf(node).flatMap(({ onDone, onError }) => [onDone, onError]);
  const all = [...Object.values(on), ...Object.values(after), always, ...ends].flatMap(listOf);
  return all.map((each) => (typeof each === 'string' ? {} : (each as TransitionConfig)));
}

/** The name under which an implementation is asked for; undefined when it stands there itself. */
function nameOf(reference: unknown): string | undefined {
  if (typeof reference === 'string') return reference;
  if (typeof reference !== 'object' || reference === null || !('type' in reference)) return undefined;
  return typeof reference.type === 'string' ? reference.type : undefined;
}

/** A request port, while nobody has filled it, answers with a promise; a stream port throws at once. */
function kindOf(actor: unknown): 'child' | 'request' | 'stream' {
  const { config } = actor as { readonly config: unknown };
  if (typeof config !== 'function' || config.length > 0) return 'child';
  try {
    const answer = config({}) as Promise<unknown>;
    answer.catch(() => undefined);
    return 'request';
  } catch {
    return 'stream';
  }
}

describe.each(Object.entries(machines))('the %s machine', (name, machine) => {
  const nodes = nodesOf(machine.root);
  const { actions, actors, delays, guards } = machine.implementations;

  test('says in one sentence what is true in each state', () => {
    for (const { id, description = '' } of nodes) {
      expect(description, id).toMatch(/^[A-Ze][^\n]*[.?]$/);
      expect(description, id).not.toMatch(/[.?!] [A-Z]/);
    }
  });

  test('names its invokes after what they ask, and has a way out of every failure [S6] [S7]', () => {
    for (const node of nodes) {
      for (const { id, src, onError } of invokesOf(node)) {
        expect(id, node.id).toBe(src);
        const branches = listOf(onError) as readonly TransitionConfig[];
        const last = branches.at(-1);
        expect(last !== undefined && last.guard === undefined, `${node.id}: ${id} has no last onError`).toBe(
          true,
        );
        if (kindOf(actors[String(src)]) !== 'request') continue;
        expect(
          branches.slice(0, -1).some(({ guard }) => guard !== undefined),
          `${node.id}: ${id}`,
        ).toBe(true);
      }
    }
  });

  test('fails as a bug, by name, when a port is left unfilled [S6]', async () => {
    for (const [port, actor] of Object.entries(actors).filter(([, each]) => kindOf(each) !== 'child')) {
      const { config } = actor as unknown as { readonly config: (args: object) => unknown };
      await expect((async () => config({}))(), port).rejects.toMatchObject({
        kind: 'bug',
        message: expect.stringContaining(`'${port}'`),
      });
    }
  });

  test('names all its actions, guards, delays and actors, and uses all that it names', () => {
    const used = { actions: new Set<string>(), guards: new Set<string>() };
    for (const node of nodes) {
      const { entry, exit } = node.config;
      const transitions = transitionsOf(node);
      const references = [entry, exit, ...transitions.map((each) => each.actions)].flatMap(listOf);
      for (const reference of references) used.actions.add(nameOf(reference) ?? `inline in ${node.id}`);
      for (const { guard } of transitions.filter((each) => each.guard !== undefined)) {
        used.guards.add(nameOf(guard) ?? `inline in ${node.id}`);
      }
    }
    const usedDelays = nodes.flatMap(({ config }) => Object.keys(config.after ?? {}));
    const usedActors = nodes.flatMap((node) => invokesOf(node).map(({ src }) => String(src)));
    expect([...used.actions].sort()).toEqual(Object.keys(actions).sort());
    expect([...used.guards].sort()).toEqual(Object.keys(guards).sort());
    expect([...new Set(usedDelays)].sort()).toEqual(Object.keys(delays).sort());
    expect([...new Set(usedActors)].sort()).toEqual(Object.keys(actors).sort());
  });

  test('has all its ports filled by src/compose.ts [S10]', () => {
    const compose = sources.find(({ path }) => path === 'src/compose.ts')?.text ?? '';
    const filled = /\{([^{}]*)\} satisfies Ports<typeof (\w+)>/g;
    const [ports = ''] = [...compose.matchAll(filled)]
      .filter(([, , each]) => each === `${name}Machine`)
      .map(([, each]) => each);
    const keys = [...ports.matchAll(/(?:^|,|\n)\s*(\w+)\s*(?=[:,\n}]|$)/g)].map(([, key = '']) => key);
    expect(keys.sort()).toEqual(Object.keys(actors).sort());
  });

  test('speaks to users in tags of one vocabulary', () => {
    const tags = new Set(nodes.flatMap((node) => node.tags));
    expect([...tags].sort()).toEqual(vocabulary[name]);
  });

  test('states its invariants, numbered, at the top of its file', () => {
    const text = readFileSync(new URL(`../../machines/${name}.ts`, import.meta.url), 'utf8');
    const header = text.slice(0, text.indexOf('*/'));
    const numbers = [...header.matchAll(/^ \* {2}(\d+)\. [A-Z`].*/gm)].map(([, number]) => Number(number));
    expect(header).toContain(' * Invariants:\n');
    expect(numbers.length).toBeGreaterThan(2);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

const vocabulary: Readonly<Record<string, readonly string[]>> = {
  connection: ['doubtful', 'down', 'up'],
  lease: ['doubtful', 'usable'],
  watcher: ['live', 'stale'],
  registry: [],
};
