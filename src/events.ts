/** What a registry tells besides notifications; for logs, metrics and demos. Handlers must not be needed for anything to work. */
import type { FailureFact } from '../machines/index.js';
import type { RegistryError } from './errors.js';
import type { NotificationInfo } from './notifier.js';
import type { StateChange } from './state-changes.js';
import type { Staleness } from './view.js';

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
  /** The cache file cannot be read or written; the registry works without it. */
  cacheError: (error: RegistryError) => void;
  /** Something nobody expected; the registry has stopped. */
  failed: (error: RegistryError) => void;
}

export type ConnectionEvent =
  | {
      readonly state: 'connected';
      readonly endpoint: string;
      readonly epoch: number;
      readonly history: number;
    }
  | { readonly state: 'disconnected'; readonly reason: string };

export type LeaseEvent =
  | {
      readonly state: 'alive';
      readonly leaseId: string;
      readonly generation: number;
      readonly ttlSeconds: number;
    }
  | { readonly state: 'doubtful'; readonly leaseId: string }
  | { readonly state: 'expired'; readonly leaseId: string; readonly reason: string };

export interface RegistrationEvent {
  readonly state: 'written' | 'withdrawn' | 'failed' | 'conflicted';
  /** The etcd keys; one event covers everything that one transaction answered. */
  readonly keys: readonly string[];
  readonly failure?: FailureFact;
  /** False when etcd refused for good. */
  readonly willRetry?: boolean;
}

export type SubscriptionEvent = {
  /** The consumer URL, without password. */
  readonly url: string;
  readonly service: string;
} & ({ readonly state: 'subscribed' } | { readonly state: 'failed'; readonly error: RegistryError });

export interface NotificationEvent extends NotificationInfo {
  /** How many URLs; 0 for an empty category. */
  readonly count: number;
}

export interface ViewEvent {
  readonly prefix: string;
  readonly size: number;
  readonly history: number;
  readonly revision: string;
  /** Undefined while the view follows etcd. */
  readonly stale: Staleness | undefined;
}
