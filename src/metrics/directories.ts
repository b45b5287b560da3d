/** What Dubbo calls a directory: the providers of one interface, as its consumers in this process know them. */
import type { RegistryStatus } from '../status.js';

export interface Directory {
  readonly service: string;
  readonly all: number;
  /** Those of a list that follows etcd; the others may be out of date. */
  readonly live: number;
}

/** One for each interface; of several subscriptions to it the one that knows most counts. */
export function directoriesOf({ subscriptions }: RegistryStatus): readonly Directory[] {
  const byService = new Map<string, Directory>();
  for (const { categories } of subscriptions) {
    for (const { service, category, providerCount: all, stale } of categories) {
      if (category !== 'providers' || all < (byService.get(service)?.all ?? 0)) continue;
      byService.set(service, { service, all, live: stale === null ? all : 0 });
    }
  }
  return [...byService.values()];
}
