import { expect, test } from 'vitest';
import { Gate } from '../../src/etcd/gate.js';

/** Comes in and stays until told to leave. */
function visitor(gate: Gate, name: string, inside: Set<string>): { leave(fails?: boolean): Promise<void> } {
  let done: (fails: boolean) => void = () => {};
  const visit = gate.through(async () => {
    inside.add(name);
    const fails = await new Promise<boolean>((resolve) => {
      done = resolve;
    });
    inside.delete(name);
    if (fails) throw new Error('failed');
  });
  return {
    leave: async (fails = false) => {
      done(fails);
      await visit.catch(() => {});
      await Promise.resolve();
    },
  };
}

test('lets so many through at a time, in the order they came, also after a failure', async () => {
  const gate = new Gate(2);
  const inside = new Set<string>();
  const [a, b, c] = ['a', 'b', 'c', 'd'].map((name) => visitor(gate, name, inside));
  await Promise.resolve();
  expect([...inside]).toEqual(['a', 'b']);
  await b?.leave(true);
  expect([...inside]).toEqual(['a', 'c']);
  await a?.leave();
  expect([...inside]).toEqual(['c', 'd']);
  await c?.leave();
  const late = visitor(gate, 'e', inside);
  await Promise.resolve();
  expect([...inside]).toEqual(['d', 'e']);
  await late.leave();
});
