/** The state of a registry as plain JSON: the one place that maps machine snapshots to words of ours. */
import type { FailureFact } from '../machines/index.js';
import type { CacheFile } from './cache-file.js';
import type { Engine, EngineSnapshot } from './compose.js';
import { shownKey } from './shown-key.js';
import { pathOf } from './state-changes.js';
import type { Subscriber } from './subscriber.js';
import type { Staleness } from './view.js';

export interface RegistryStatus {
  /** `starting`, `running`, `closing`, `closed` or `failed`. */
  readonly state: string;
  readonly connection: {
    /** `connecting`, `connected` (or `connected.doubtful`), `disconnected`, `closed`. */
    readonly state: string;
    readonly endpoint: string;
    /** Counts the links to etcd. */
    readonly epoch: number;
    /** Counts the histories of etcd: more than 0 after a wipe, a restore or a move to another cluster. */
    readonly history: number;
    readonly attempts: number;
    readonly lastError: FailureFact | null;
  };
  readonly lease: {
    /** `idle`, `granting`, `alive`, `expired`, `recovering`, `closed`. */
    readonly state: string;
    readonly isDoubtful: boolean;
    readonly leaseId: string | null;
    readonly generation: number;
    readonly ttlSeconds: number;
    readonly lastError: FailureFact | null;
  };
  /** `idle`, `flushing` or `backingOff`. */
  readonly publishing: string;
  readonly registrations: readonly RegistrationStatus[];
  readonly watchers: readonly WatcherStatus[];
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Null where no cache file is kept. */
  readonly cache: { readonly file: string; readonly lastError: string | null } | null;
}

export interface RegistrationStatus {
  readonly key: string;
  readonly state: 'pending' | 'written' | 'failed' | 'withdrawing';
  readonly isLeased: boolean;
  readonly attempts: number;
  readonly lastError: FailureFact | null;
}

export interface WatcherStatus {
  readonly prefix: string;
  /** `listing`, `watching`, `reconnecting`, `erroring`, `denied`, `closed`. */
  readonly state: string;
  readonly isLive: boolean;
  readonly revision: string | null;
  readonly history: number;
  readonly keyCount: number;
  readonly attempts: number;
  readonly stale: Staleness | null;
  readonly lastError: FailureFact | null;
}

/** A listener's subscription, or an iterator's. */
export interface SubscriptionStatus {
  readonly url: string;
  readonly categories: readonly {
    readonly service: string;
    readonly category: string;
    readonly providerCount: number;
    readonly revision: string | null;
    readonly stale: Staleness | null;
  }[];
}

/** Reads the state of everything. Holds no secret: passwords in URLs and keys are shown as `***`. */
export function statusOf(
  engine: Engine,
  subscriber: Subscriber,
  cache: CacheFile | undefined,
): RegistryStatus {
  const snapshot = engine.snapshot();
  const { registry } = snapshot;
  return {
    state: pathOf(registry.value.life).split('.')[0] ?? '',
    connection: connectionStatus(snapshot),
    lease: leaseStatus(snapshot),
    publishing: pathOf(registry.value.publishing).split('.')[0] ?? '',
    registrations: [...registry.context.registrations.values()].map(
      ({ key, state, leased, attempts, lastError }) => ({
        key: shownKey(key),
        state,
        isLeased: leased,
        attempts,
        lastError,
      }),
    ),
    watchers: [...snapshot.watchers].map(([prefix, watcher]) => ({
      prefix,
      state: watcherState(pathOf(watcher.value)),
      isLive: watcher.hasTag('live'),
      revision: watcher.context.revision,
      history: watcher.context.history,
      keyCount: watcher.context.size,
      attempts: watcher.context.attempt,
      stale: subscriber.views.get(prefix)?.stale ?? null,
      lastError: watcher.context.lastError,
    })),
    subscriptions: [...subscriber.selections()].map((selection) => ({
      url: selection.url.toString(),
      categories: [...selection.lists()].map((list) => ({
        service: list.service,
        category: list.category,
        providerCount: list.size,
        revision: list.position?.revision ?? null,
        stale: subscriber.views.get(list.prefix)?.stale ?? null,
      })),
    })),
    cache: cache === undefined ? null : { file: cache.path, lastError: cache.lastError?.message ?? null },
  };
}

function connectionStatus({ connection }: EngineSnapshot): RegistryStatus['connection'] {
  const { endpoints, endpointIndex, epoch, history, attempt, lastError } = connection.context;
  return {
    state: connection.hasTag('doubtful')
      ? 'connected.doubtful'
      : (pathOf(connection.value).split('.')[0] ?? ''),
    endpoint: endpoints[endpointIndex] ?? '',
    epoch,
    history,
    attempts: attempt,
    lastError,
  };
}

function leaseStatus({ lease }: EngineSnapshot): RegistryStatus['lease'] {
  const { leaseId, generation, ttlMs, lastError } = lease.context;
  return {
    state: pathOf(lease.value).split('.')[0] ?? '',
    isDoubtful: lease.hasTag('doubtful'),
    leaseId: leaseId === '' ? null : leaseId,
    generation,
    ttlSeconds: ttlMs / 1_000,
    lastError,
  };
}

/** `following` only holds its two states together; users were promised the inner names. */
function watcherState(path: string): string {
  return path.replace(/^following\./, '').split('.')[0] ?? '';
}
