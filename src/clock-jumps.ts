/** Notices that the machine was suspended: the wall clock went on, the clock of the timers did not. */
import { type ClockJumped, type StreamPort, stream } from '../machines/index.js';
import type { Clock } from './world.js';

/** How often the clocks are compared. */
const compareMs = 1_000;
/** What a clock that is set right may gain at once, and no lease is lost by. */
const jumpMsMin = 1_000;

/**
 * Tells of every jump ahead. A wall clock that is set back tells nothing, and one that is set ahead looks like a
 * suspension; that costs one question to etcd.
 */
export function watchClock(clock: Clock): StreamPort<ClockJumped, undefined> {
  return stream<ClockJumped, undefined>(({ send }) => {
    const { wallNow } = clock;
    if (wallNow === undefined) return () => {};
    const lead = (): number => wallNow() - clock.now();
    let known = lead();
    const compare = (): void => {
      const aheadMs = lead() - known;
      known += aheadMs;
      timer = clock.setTimeout(compare, compareMs);
      if (aheadMs > jumpMsMin) send({ type: 'clock.jumped', aheadMs });
    };
    let timer = clock.setTimeout(compare, compareMs);
    return () => clock.clearTimeout(timer);
  });
}
