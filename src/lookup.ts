/** Asks once what a consumer URL selects: reads what nobody follows here, and leaves nothing behind. */
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import type { Select } from './listener-subscription.js';
import { byCategory } from './notifier.js';
import { overdueError } from './overdue.js';
import type { Waiters } from './patience.js';
import type { Selection } from './selection.js';
import type { ServiceUrl } from './url.js';
import type { Views } from './views.js';
import type { Clock } from './world.js';

export interface LookupSurroundings {
  readonly engine: Engine;
  readonly views: Views;
  readonly clock: Clock;
  readonly select: Select;
  readonly undecodable: (key: string, error: RegistryError) => void;
  /** Who waits ends with these. */
  readonly waiters: Waiters;
}

/** All that the URL selects now, in the order in which listeners are told. */
export async function lookUp(
  url: ServiceUrl,
  { engine, views, clock, select, undecodable, waiters }: LookupSurroundings,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly ServiceUrl[]> {
  const doing = `cannot look up ${url.toString()}`;
  let selection: Selection | undefined;
  let found: readonly ServiceUrl[] = [];
  const overdue = (): RegistryError => overdueError(engine, { doing, timeoutMs }, selection?.prefixes);
  try {
    await waiters.wait({ clock, doing, signal, timeoutMs, overdue }, (waiter) => {
      const answer = (): void => {
        // At once: before who waits goes on, the lists may be on their way to the next revision.
        found = [...(selection?.lists() ?? [])].sort(byCategory).flatMap((list) => list.providers());
        waiter.resolve();
      };
      selection = select(url, {
        known: answer,
        settled: () => {},
        stale: () => {},
        denied: (path, failure) => waiter.reject(errorFrom(doing, failure, { key: path })),
        undecodable,
        isPending: () => false,
        forgotten: () => {},
      });
      selection.open();
      // While it is not confirmed, what those who follow it were told last.
      if (selection.prefixes.every((prefix) => views.get(prefix)?.settledAt !== undefined)) answer();
    });
    return found;
  } finally {
    selection?.close();
  }
}
