/** How long to wait before the next attempt; without dice, so that a machine stays deterministic. */

/** The bounds of one backoff. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The backoff of the link, after a transport fault. */
export const reconnectBackoff: Backoff = { firstMs: 50, maxMs: 1_000 };

/** The backoff of one request while the link is up. */
export const requestBackoff: Backoff = { firstMs: 100, maxMs: 5_000 };

/** Doubles with each attempt, from `firstMs` for attempt 1 up to `maxMs`. src/delays.ts draws the jittered ones. */
export function backoffMs(backoff: Backoff, attempt: number): number {
  return Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 20));
}
