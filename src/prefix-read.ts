/** Reads everything under a prefix once: watches it, takes the first settled content, and stops. */
import type { Entry } from '../machines/index.js';
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import { overdueError } from './overdue.js';
import { waitWith } from './patience.js';
import type { ViewReader } from './view.js';
import type { Views } from './views.js';
import type { Clock } from './world.js';

export interface PrefixReadOptions {
  readonly doing: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The entries, in key order; what somebody follows already is not asked for again. */
export async function readPrefix(
  { engine, views, clock }: { readonly engine: Engine; readonly views: Views; readonly clock: Clock },
  prefix: string,
  { doing, timeoutMs, signal }: PrefixReadOptions,
): Promise<readonly Entry[]> {
  let entries: readonly Entry[] = [];
  let leave = (): void => {};
  const overdue = (): RegistryError => overdueError(engine, { doing, timeoutMs }, [prefix]);
  try {
    await waitWith({ clock, doing, signal, timeoutMs, overdue }, (waiter) => {
      const reader = readerOf({
        replaced: (all) => {
          entries = [...all];
        },
        settled: () => waiter.resolve(),
        denied: (failure) => waiter.reject(errorFrom(doing, failure, { key: prefix })),
      });
      leave = () => views.remove(prefix, reader);
      views.add(prefix, reader);
    });
    return entries;
  } finally {
    leave();
  }
}

/** A reader that cares for some of what it is told. */
export function readerOf(part: Partial<ViewReader>): ViewReader {
  const ignore = (): void => {};
  return { replaced: ignore, changed: ignore, settled: ignore, stale: ignore, denied: ignore, ...part };
}
