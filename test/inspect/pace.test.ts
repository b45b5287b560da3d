/** How observations are handed over: in turns of their own, a few milliseconds each, from a store that does not grow. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Actor, createActor, setup } from 'xstate';
import type { Observation } from '../../src/inspect/index.js';
import { observeActors } from '../../src/inspect/observe.js';
import { roomy } from '../../src/inspect/plain.js';
import type { Inspected } from '../../src/inspected.js';
import { secretsFor } from '../../src/secrets.js';

const machine = setup({ types: {} as { events: { type: 'flip' } } }).createMachine({
  id: 'coin',
  initial: 'heads',
  states: { heads: { on: { flip: 'tails' } }, tails: { on: { flip: 'heads' } } },
});

describe('observations', () => {
  let actor: Actor<typeof machine>;
  let soon: (() => void)[];
  let inspected: Inspected;
  let told: Observation[];

  beforeEach(() => {
    actor = createActor(machine).start();
    soon = [];
    told = [];
    const clock = {
      setTimeout: () => 0,
      clearTimeout: () => {},
      now: () => 0,
      soon: (run: () => void) => {
        soon.push(run);
        return () => void soon.splice(soon.indexOf(run), 1);
      },
    };
    inspected = {
      root: actor,
      clock,
      label: '',
      secrets: [],
      status: () => {
        throw new TypeError('nobody asks for it');
      },
      report: () => {},
    };
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  const terms = { secrets: secretsFor({}), limits: roomy };

  function turn(): void {
    const [run] = soon.splice(0, 1);
    run?.();
  }

  function flip(times: number): void {
    for (let count = 0; count < times; count += 1) actor.send({ type: 'flip' });
  }

  test('are told after the step they were made in, never inside it [SEE-3]', () => {
    observeActors(inspected, (each) => told.push(each), terms);
    flip(1);
    expect(told).toEqual([]);
    turn();
    expect(told.map(({ type }) => type)).toEqual(['actor', 'event', 'snapshot']);
  });

  test('are told one in a turn to an observer that takes long, so that others get theirs [SEE-3]', () => {
    let ms = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => ms);
    const dawdle = (each: Observation): void => {
      told.push(each);
      ms += 6;
    };
    observeActors(inspected, dawdle, terms);
    flip(1);
    for (const count of [1, 2, 3]) {
      turn();
      expect(told).toHaveLength(count);
    }
  });

  test('wait for an observer up to a limit; what it missed is said, and made good [SEE-3]', () => {
    observeActors(inspected, (each) => told.push(each), terms);
    flip(6_001);
    while (soon.length > 0) turn();
    const kinds = told.map(({ type }) => type);
    expect(kinds.filter((kind) => kind !== 'missed')).toHaveLength(10_002);
    expect(kinds.slice(-2)).toEqual(['missed', 'actor']);
    expect(told.at(-2)).toMatchObject({ count: 2_002 });
    expect(told.at(-1)).toMatchObject({ snapshot: { state: 'tails' } });
    flip(1);
    while (soon.length > 0) turn();
    expect(told.at(-1)).toMatchObject({ type: 'snapshot', snapshot: { state: 'heads' } });
  });

  test('are not kept for an observer that is detached', () => {
    observeActors(inspected, (each) => told.push(each), terms)();
    flip(3);
    expect(soon).toEqual([]);
    expect(told).toEqual([]);
  });
});
