/** The clock of one process that can be killed. */
import type { Clock } from '../../src/world.js';
import type { VirtualClock } from './virtual-clock.js';

/** A clock of which nothing comes once it is stopped. */
export function stoppable(clock: VirtualClock): Clock & { isStopped: boolean } {
  const own = {
    isStopped: false,
    now: () => clock.now(),
    setTimeout: (run: () => void, ms: number) =>
      clock.setTimeout(() => (own.isStopped ? undefined : run()), ms),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
    soon: (run: () => void) => clock.soon(() => (own.isStopped ? undefined : run())),
  };
  return own;
}
