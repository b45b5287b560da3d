/** Reads everything under a prefix once: watches it, takes the first settled content, and stops. */
import type { Entry } from '../machines/index.js';
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import { overdueError } from './overdue.js';
import type { Waiters } from './patience.js';
import type { ViewReader } from './view.js';
import type { Views } from './views.js';
import type { Clock } from './world.js';

export interface PrefixReadOptions {
  readonly doing: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PrefixReadSurroundings {
  readonly engine: Engine;
  readonly views: Views;
  readonly clock: Clock;
  /** Who waits ends with these. */
  readonly waiters: Waiters;
}

/** The entries, in the order of their keys; what somebody follows already is not asked for again. */
export async function readPrefix(
  { engine, views, clock, waiters }: PrefixReadSurroundings,
  prefix: string,
  { doing, timeoutMs, signal }: PrefixReadOptions,
): Promise<readonly Entry[]> {
  const content = new Map<string, Entry>();
  let entries: readonly Entry[] = [];
  let leave = (): void => {};
  const overdue = (): RegistryError => overdueError(engine, { doing, timeoutMs }, [prefix]);
  try {
    await waiters.wait({ clock, doing, signal, timeoutMs, overdue }, (waiter) => {
      const reader = readerOf({
        replaced: (all) => {
          content.clear();
          for (const entry of all) content.set(entry.key, entry);
        },
        changed: (changes) => {
          for (const change of changes) {
            if (change.type === 'delete') content.delete(change.key);
            else content.set(change.key, change);
          }
        },
        settled: () => {
          entries = [...content.values()];
          waiter.resolve();
        },
        denied: (failure) => waiter.reject(errorFrom(doing, failure, { key: prefix })),
      });
      leave = () => views.remove(prefix, reader);
      views.add(prefix, reader);
    });
    return [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
  } finally {
    leave();
  }
}

/** A reader that cares for some of what it is told. */
export function readerOf(part: Partial<ViewReader>): ViewReader {
  const ignore = (): void => {};
  return { replaced: ignore, changed: ignore, settled: ignore, stale: ignore, denied: ignore, ...part };
}
