/** What a registry tells besides notifications; for logs, metrics and demos. Handlers must not be needed for anything to work. */
import type { FailureFact } from '../machines/index.js';
import type { RegistryError } from './errors.js';
import type { NotificationInfo } from './notifier.js';
import type { StateChange } from './state-changes.js';
import type { Staleness } from './view.js';

/** The events by name, each with what its handler is given. */
export interface RegistryEvents {
  /** The link to etcd came up or went down. */
  connection: (event: ConnectionEvent) => void;
  /** The lease was granted, is in doubt, or was lost. */
  lease: (event: LeaseEvent) => void;
  /** Registrations were written, withdrawn, refused, or taken over by somebody else. */
  registration: (event: RegistrationEvent) => void;
  /** A subscription has told its listener for the first time, or could not be made. */
  subscription: (event: SubscriptionEvent) => void;
  /** A listener is about to be told a list. */
  notification: (event: NotificationEvent) => void;
  /** A view was read, changed, or became stale. */
  view: (event: ViewEvent) => void;
  /** A machine moved to another state. */
  state: (change: StateChange) => void;
  /** A listener or a handler threw; it is called again with the latest view. */
  listenerError: (error: unknown) => void;
  /** A key under a watched prefix cannot be read as a URL; it is skipped. Once per key. */
  undecodable: (event: { readonly key: string; readonly error: RegistryError }) => void;
  /** The cache file cannot be read or written; the registry works without it. Each kind of trouble once, until a write succeeds. */
  cacheError: (error: RegistryError) => void;
  /** Something nobody expected; the registry has stopped. */
  failed: (error: RegistryError) => void;
}

/** The link to etcd, as it is from now on. */
export type ConnectionEvent =
  | {
      readonly state: 'connected';
      readonly endpoint: string;
      /** Counts the links to etcd. */
      readonly epoch: number;
      /** Counts the histories of etcd: it goes up after a wipe, a restore or a move to another cluster. */
      readonly history: number;
    }
  | { readonly state: 'disconnected'; readonly reason: string };

/** The lease under which our keys live; it is renewed in doubt, and replaced when it has expired. */
export type LeaseEvent =
  | {
      readonly state: 'alive';
      /** A decimal, as int64 needs. */
      readonly leaseId: string;
      /** Counts the leases of this registry. */
      readonly generation: number;
      readonly ttlSeconds: number;
    }
  | { readonly state: 'doubtful'; readonly leaseId: string }
  | { readonly state: 'expired'; readonly leaseId: string; readonly reason: string };

/** What became of registrations; `conflicted` means that somebody else holds the key, or takes it away again and again. */
export interface RegistrationEvent {
  readonly state: 'written' | 'withdrawn' | 'failed' | 'conflicted';
  /** The etcd keys; one event covers everything that one transaction answered. */
  readonly keys: readonly string[];
  /** Set for `failed`. */
  readonly failure?: FailureFact;
  /** False when etcd refused for good. */
  readonly willRetry?: boolean;
}

/** What became of a call of `subscribe`. */
export type SubscriptionEvent = {
  /** The consumer URL, without password. */
  readonly url: string;
  readonly service: string;
} & ({ readonly state: 'subscribed' } | { readonly state: 'failed'; readonly error: RegistryError });

/** A call of a listener. */
export interface NotificationEvent extends NotificationInfo {
  /** How many URLs; 0 for an empty category. */
  readonly count: number;
}

/** The content of one watched prefix, as far as it is known now. */
export interface ViewEvent {
  readonly prefix: string;
  /** How many keys. */
  readonly size: number;
  readonly history: number;
  readonly revision: string;
  /** Undefined while the view follows etcd. */
  readonly stale: Staleness | undefined;
}
