/** The state of a registry as plain JSON: the one place that maps machine snapshots to words of ours. */
import type { FailureFact } from '../machines/index.js';
import type { CacheFile } from './cache-file.js';
import type { Engine, EngineSnapshot } from './compose.js';
import type { RegistrySettings } from './options.js';
import type { Registrations } from './registrations.js';
import { shownKey } from './shown-key.js';
import { pathOf } from './state-changes.js';
import type { Subscriber } from './subscriber.js';
import type { Staleness } from './view.js';

/** Everything there is to know of a registry, as plain JSON. */
export interface RegistryStatus {
  /** Where etcd is said to be, without credentials. */
  readonly address: string;
  /** What all keys begin with, as in `/dubbo`. */
  readonly root: string;
  /** `starting`, `running`, `closing`, `closed` or `failed`. */
  readonly state: string;
  /** True between `offline()` and `online()`: what goes with the lease is withdrawn, and remembered. */
  readonly isOffline: boolean;
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
  /** `idle`, `flushing`, `backingOff` or `stopped`. */
  readonly publishing: string;
  /** `resting`, `suspecting`, `settling`, `reading`, `checking`, `backingOff`, `unread` or `stopped`: whether what etcd holds is being compared with what it should hold. */
  readonly auditing: string;
  /** Why the last comparison could not be made, or not of everything; null when it could. */
  readonly auditError: FailureFact | null;
  /** `resting`, `following`, `interrupted`, `unguarded` or `stopped`: whether it is heard at once when somebody deletes our keys. */
  readonly guarding: string;
  readonly registrations: readonly RegistrationStatus[];
  readonly watchers: readonly WatcherStatus[];
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Null where no cache file is kept. */
  readonly cache: { readonly file: string; readonly lastError: string | null } | null;
}

/** One key that is to be in etcd, or is being withdrawn. */
export interface RegistrationStatus {
  readonly key: string;
  readonly state: 'pending' | 'written' | 'failed' | 'withdrawing';
  readonly isLeased: boolean;
  readonly attempts: number;
  readonly lastError: FailureFact | null;
}

/** One watched prefix; subscriptions to the same share it. */
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
    /** In the last settled list, of which `revision` is the position. */
    readonly providerCount: number;
    readonly revision: string | null;
    readonly stale: Staleness | null;
  }[];
}

/** What the status is read from. */
interface StatusParts {
  readonly settings: Pick<RegistrySettings, 'shownAddress' | 'layout'>;
  readonly engine: Engine;
  readonly registrations: Registrations;
  readonly subscriber: Subscriber;
  readonly cache: CacheFile | undefined;
}

/** Reads the state of everything. Holds no secret: passwords and tokens in URLs and keys are shown as `***`. */
export function statusOf({
  settings,
  engine,
  registrations,
  subscriber,
  cache,
}: StatusParts): RegistryStatus {
  const snapshot = engine.snapshot();
  const { life, guarding, publishing, auditing } = snapshot.registry.value;
  return {
    address: settings.shownAddress,
    root: settings.layout.root,
    state: snapshot.registry.status === 'error' ? 'failed' : firstOf(life),
    isOffline: registrations.isOffline,
    connection: connectionStatus(snapshot),
    lease: leaseStatus(snapshot),
    publishing: firstOf(publishing),
    auditing: firstOf(auditing),
    auditError: snapshot.registry.context.auditError,
    guarding: firstOf(guarding),
    registrations: registrationStatuses(snapshot),
    watchers: watcherStatuses(snapshot, subscriber),
    subscriptions: [...subscriber.selections()].map((selection) => ({
      url: shownKey(selection.url.toString()),
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

function registrationStatuses({ registry }: EngineSnapshot): readonly RegistrationStatus[] {
  return [...registry.context.registrations.values()].map(({ key, state, leased, attempts, lastError }) => ({
    key: shownKey(key),
    state,
    isLeased: leased,
    attempts,
    lastError,
  }));
}

function watcherStatuses({ watchers }: EngineSnapshot, { views }: Subscriber): readonly WatcherStatus[] {
  return [...watchers].map(([prefix, watcher]) => ({
    prefix,
    state: watcherState(pathOf(watcher.value)),
    isLive: watcher.hasTag('live'),
    revision: watcher.context.revision,
    history: watcher.context.history,
    keyCount: watcher.context.size,
    attempts: watcher.context.attempt,
    stale: views.get(prefix)?.stale ?? null,
    lastError: watcher.context.lastError,
  }));
}

function connectionStatus({ connection }: EngineSnapshot): RegistryStatus['connection'] {
  const { endpoints, endpointIndex, epoch, history, attempt, lastError } = connection.context;
  return {
    state: connection.hasTag('doubtful') ? 'connected.doubtful' : stateOf(connection),
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
    state: stateOf(lease),
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

/** What was stopped with a registry that failed has no state of its own for that. */
function stateOf({ status, value }: { readonly status: string; readonly value: unknown }): string {
  return status === 'stopped' ? 'closed' : firstOf(value);
}

/** The outermost name of a state. */
function firstOf(value: unknown): string {
  return pathOf(value).split('.')[0] ?? '';
}
