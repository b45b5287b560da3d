/**
 * Puts a virtual clock and seeded chance in the place of the host's, so that also what does not take time from its
 * world (the adapters' deadlines) is simulated. Nothing else runs meanwhile: a simulation waits for microtasks only.
 */
import { performance } from 'node:perf_hooks';
import type { VirtualClock } from './virtual-clock.js';

/** A turn of the real event loop. */
export const realTurn: () => Promise<void> = (
  (immediate) => () =>
    new Promise<void>((done) => void immediate(done))
)(setImmediate);

/** Runs `body` on the virtual host; the real one is back when it has ended. */
export async function onVirtualHost<T>(
  clock: VirtualClock,
  random: () => number,
  body: () => Promise<T>,
): Promise<T> {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis;
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };
  const { now } = Date;
  const { random: realRandom } = Math;
  const realPerformanceNow = Object.getOwnPropertyDescriptor(performance, 'now');
  const { stackTraceLimit } = Error;
  // Most errors here are expected answers, and nobody reads where they were made.
  Error.stackTraceLimit = 0;
  Object.assign(globalThis, {
    setTimeout: (run: (...given: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      clock.setTimeout(() => run(...args), ms),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
    setInterval: (run: () => void, ms: number) => clock.setInterval(run, ms),
    clearInterval: (timer: unknown) => clock.clearInterval(timer),
    setImmediate: (run: () => void) => clock.setTimeout(run, 0),
    clearImmediate: (timer: unknown) => clock.clearTimeout(timer),
  });
  Date.now = () => clock.now();
  Math.random = random;
  performance.now = () => clock.nowMs;
  try {
    return await body();
  } finally {
    Object.assign(globalThis, real);
    Date.now = now;
    Math.random = realRandom;
    if (realPerformanceNow === undefined) Reflect.deleteProperty(performance, 'now');
    else Object.defineProperty(performance, 'now', realPerformanceNow);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
