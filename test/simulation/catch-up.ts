/**
 * How a simulated etcd feeds a watcher of the past: in batches, each with a header that says how far the store is. A real
 * batch has a thousand revisions, ours two, so that connections also break between them.
 */
import type { WatchEvent, WatchResponse } from '../../src/testing/etcd-core/messages.js';
import type { Dice } from './chance.js';
import type { StreamReply } from './sim-etcd.js';
import type { VirtualClock } from './virtual-clock.js';

/** Passes on what the core says, one batch after the other. */
export function inBatches(
  reply: StreamReply,
  clock: VirtualClock,
  dice: Dice,
): (response: WatchResponse) => void {
  let freeAtMs = 0;
  return (response) => {
    for (const events of batchesOf(response.events)) {
      const part = events.length === response.events.length ? response : { ...response, events };
      if (freeAtMs <= clock.nowMs && part === response) reply.data(part);
      else clock.at(freeAtMs, () => reply.data(part));
      if (part !== response) freeAtMs = Math.max(freeAtMs, clock.nowMs) + 100 * dice.next();
    }
  };
}

/** The events by at most two revisions a batch; one empty batch for no events. */
function batchesOf(events: readonly WatchEvent[]): readonly (readonly WatchEvent[])[] {
  const revisions = [...new Set(events.map(({ kv }) => kv.mod_revision))];
  if (revisions.length <= 2) return [events];
  const batches: WatchEvent[][] = [];
  for (let from = 0; from < revisions.length; from += 2) {
    const part = revisions.slice(from, from + 2);
    batches.push(events.filter(({ kv }) => part.includes(kv.mod_revision)));
  }
  return batches;
}
