import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { createVirtualClock } from '../../src/testing/index.js';

test('runs what falls due by deadline, and by age where deadlines are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 60, size: 'max' }), (delays) => {
      const clock = createVirtualClock();
      const ran: number[] = [];
      delays.forEach((ms, index) => {
        clock.setTimeout(() => ran.push(index), ms);
      });
      clock.advance(20);
      const expected = delays
        .map((ms, index) => ({ ms, index }))
        .sort((a, b) => a.ms - b.ms || a.index - b.index);
      expect(ran).toEqual(expected.map(({ index }) => index));
      expect(clock.pending).toBe(0);
    }),
  );
});

test('runs each timer at its own time, also those that timers set', () => {
  const clock = createVirtualClock();
  const ticks: number[] = [];
  const tick = (): void => {
    ticks.push(clock.now());
    clock.setTimeout(tick, 100);
  };
  clock.setTimeout(tick, 100);
  clock.advance(1_050);
  expect(ticks).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
  expect(clock.now()).toBe(1_050);
  expect(clock.pending).toBe(1);
});

test('forgets cleared timers, and ignores ids that are not waiting', () => {
  const clock = createVirtualClock();
  const ran: string[] = [];
  const first = clock.setTimeout(() => ran.push('first'), 10);
  clock.setTimeout(() => ran.push('second'), 10);
  clock.clearTimeout(first);
  clock.clearTimeout(first);
  clock.clearTimeout(99);
  expect(clock.pending).toBe(1);
  clock.advance(10);
  expect(ran).toEqual(['second']);
});

test('steps to the next deadline and says when there is none', () => {
  const clock = createVirtualClock();
  const ran: string[] = [];
  clock.setTimeout(() => ran.push('late'), 500);
  clock.setTimeout(() => ran.push('early'), -5);
  expect(clock.step()).toBe(true);
  expect([...ran, clock.now()]).toEqual(['early', 0]);
  expect(clock.step()).toBe(true);
  expect([...ran, clock.now()]).toEqual(['early', 'late', 500]);
  expect(clock.step()).toBe(false);
  expect(clock.now()).toBe(500);
});

test('keeps the other timers when one throws', () => {
  const clock = createVirtualClock();
  const ran: string[] = [];
  clock.setTimeout(() => {
    throw new Error('broken timer');
  }, 1);
  clock.setTimeout(() => ran.push('next'), 2);
  expect(() => clock.advance(5)).toThrow('broken timer');
  expect([clock.now(), clock.pending]).toEqual([1, 1]);
  clock.advance(5);
  expect(ran).toEqual(['next']);
});

test('drives the delays of an actor', () => {
  const clock = createVirtualClock();
  const machine = createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'over' } }, over: { type: 'final' } },
  });
  const actor = createActor(machine, { clock }).start();
  clock.advance(999);
  expect(actor.getSnapshot().value).toBe('waiting');
  clock.advance(1);
  expect(actor.getSnapshot().value).toBe('over');
});
