/** The public names, nothing else. */

export type { ChildListener } from './child-list.js';
export { type CloseOnSignalsOptions, closeOnSignals } from './close-on-signals.js';
export type { ConsumerInput, ServiceInstance, ServiceQuery } from './consumer.js';
export { createEtcdClient } from './create-etcd-client.js';
export { createRegistry } from './create-registry.js';
export type { RegistryErrorCode, RegistryErrorFacts } from './errors.js';
export { isRegistryError, RegistryError } from './errors.js';
export { EtcdClient, type StateListener } from './etcd-client.js';
export type {
  ConnectionEvent,
  LeaseEvent,
  NotificationEvent,
  RegistrationEvent,
  RegistryEvents,
  SubscriptionEvent,
  ViewEvent,
} from './events.js';
export type { Explanation } from './explanation.js';
export type {
  CallOptions,
  CloseOptions,
  RegisterOptions,
  RegistrationHandle,
  SubscriptionHandle,
} from './handles.js';
export type { Logger } from './logger.js';
export type { Notified } from './notified.js';
export type { NotificationInfo, NotifyListener } from './notifier.js';
export type { RegistryOptions } from './options.js';
export type { UrlInput } from './registry.js';
export { Registry } from './registry.js';
export { destroyAll, getRegistries, getRegistry } from './registry-factory.js';
export type { StateChange } from './state-changes.js';
export type { RegistrationStatus, RegistryStatus, SubscriptionStatus, WatcherStatus } from './status.js';
export { ServiceUrl } from './url.js';
export type { Mismatch } from './url-match.js';
export type { ServiceUrlParts } from './url-object.js';
export type { Position, Staleness } from './view.js';
export type { RegistryView, ViewIterator } from './view-iterator.js';
