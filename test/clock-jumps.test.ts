import { expect, test } from 'vitest';
import type { ClockJumped } from '../machines/index.js';
import { watchClock } from '../src/clock-jumps.js';
import { createVirtualClock } from '../src/testing/index.js';
import type { Clock } from '../src/world.js';
import { type Listening, listen } from './support/ask.js';

interface Watched extends Listening<ClockJumped> {
  /** Lets time pass for the timers. */
  live(ms: number): void;
  /** Sets the wall clock ahead, or back. */
  jump(ms: number): void;
  readonly pending: () => number;
}

function watched(hasWall = true): Watched {
  const virtual = createVirtualClock();
  let aheadMs = 1_000_000;
  const clock = {
    ...virtual,
    soon: () => () => {},
    ...(hasWall ? { wallNow: () => virtual.now() + aheadMs } : {}),
  } as Clock;
  return {
    ...listen<ClockJumped, undefined>(watchClock(clock), undefined),
    live: (ms) => virtual.advance(ms),
    jump: (ms) => {
      aheadMs += ms;
    },
    pending: () => virtual.pending,
  };
}

test('tells how much time was lost, once, within a second', () => {
  const clocks = watched();
  clocks.live(5_000);
  clocks.jump(60_000);
  clocks.live(1_000);
  clocks.live(5_000);
  expect(clocks.facts).toEqual([{ type: 'clock.jumped', aheadMs: 60_000 }]);
  clocks.close();
});

test('tells nothing when the wall clock is set back, or is put right by a moment', () => {
  const clocks = watched();
  for (const ms of [-3_600_000, 900, 900, 900]) {
    clocks.jump(ms);
    clocks.live(2_000);
  }
  expect(clocks.facts).toEqual([]);
  clocks.close();
});

test('tells of a jump after the wall clock was set back', () => {
  const clocks = watched();
  clocks.jump(-3_600_000);
  clocks.live(1_000);
  clocks.jump(5_000);
  clocks.live(1_000);
  expect(clocks.facts).toEqual([{ type: 'clock.jumped', aheadMs: 5_000 }]);
  clocks.close();
});

test('leaves no timer, and sets none where there is no wall clock', () => {
  const clocks = watched();
  expect(clocks.pending()).toBe(1);
  clocks.close();
  expect(clocks.pending()).toBe(0);
  const without = watched(false);
  expect(without.pending()).toBe(0);
  without.close();
});
