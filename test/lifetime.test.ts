/** How a registry ends; what it consists of is stood in for. */
import { expect, test } from 'vitest';
import { Lifetime, type MortalParts } from '../src/lifetime.js';
import { timerMsMax } from '../src/timer-limit.js';

test('drains for as long as a timer can wait at most, instead of ending at once [LIFE-1]', async () => {
  const delays: number[] = [];
  const parts = {
    settings: { closeTimeoutMs: 2_000 },
    clock: {
      setTimeout: (_: () => void, ms: number) => delays.push(ms),
      clearTimeout: () => {},
    },
    engine: { ended: new Promise(() => {}) },
    registrations: { offline: async () => {} },
    readiness: { close: () => {} },
  };
  void new Lifetime(parts as unknown as MortalParts).close({ drainMs: Number.POSITIVE_INFINITY });
  await expect.poll(() => delays).toEqual([2_000, timerMsMax]);
});
