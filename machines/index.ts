/** What other rooms, and users who embed a machine, may take from this one. */
export type { LeaseContent, LeaseQuestion } from './audit.js';
export { type Backoff, backoffMs, reconnectBackoff, requestBackoff } from './backoff.js';
export type { ClockJumped } from './clock.js';
export type { ClusterFacts } from './cluster.js';
export {
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionInput,
  connectionMachine,
  type LinkFact,
} from './connection.js';
export type { Entry, EntryChange, Listing } from './entry.js';
export {
  Failure,
  type FailureFact,
  type FailureKind,
  failureOf,
  isOutcomeUnknown,
  isTransient,
} from './failure.js';
export type { BatchOutcome, RegistrationNews } from './flush.js';
export { leaseMachine } from './lease.js';
export type { LeaseAnswer, LeaseContext, LeaseEvent, LeaseInput, LeaseNews } from './lease-setup.js';
export type { ConnectionDown, ConnectionUp, LinkNews } from './link.js';
export type { OwnKeysFact, OwnKeysInput, OwnKeysWord } from './own-keys.js';
export {
  type AskSignal,
  type RequestPort,
  request,
  requestPort,
  type StreamPort,
  stream,
  streamPort,
} from './port.js';
export type { DesiredEntry, Registration, RegistrationState } from './registration.js';
export { registryMachine } from './registry.js';
export type {
  BatchAnswered,
  OpenedFence,
  RegistryCommand,
  RegistryContext,
  RegistryInput,
  RegistryNews,
} from './registry-context.js';
export { compareRevisions, isAfter, type Revision } from './revision.js';
export { ShardedMap } from './sharded-map.js';
export { sweep } from './sweep.js';
export type { Verification } from './verification.js';
export { watcherMachine } from './watcher.js';
export {
  type WatcherHubCommand,
  type WatcherHubLogic,
  type WatcherHubNews,
  type WatcherHubState,
  watcherHub,
} from './watcher-hub.js';
export type {
  WatcherContext,
  WatcherEvent,
  WatcherInput,
  WatcherNews,
  WatchFact,
} from './watcher-setup.js';
export type { WriteBatch, WriteOperation } from './write-plan.js';
