/**
 * A registry's events and status as instruments, under the names that Dubbo 3 uses where it has any, so that dashboards
 * fit; what Dubbo has no name for begins with `leasehold.`. Listens from outside: the registry knows nothing of it.
 */
import {
  type Attributes,
  type BatchObservableResult,
  type Meter,
  metrics,
  type Observable,
} from '@opentelemetry/api';
import type {
  ConnectionEvent,
  LeaseEvent,
  NotificationEvent,
  RegistrationEvent,
  SubscriptionEvent,
} from '../events.js';
import { percentDecode } from '../percent-coding.js';
import type { Registry } from '../registry.js';
import { type Directory, directoriesOf } from './directories.js';
import { type Instruments, instrumentsOf } from './instruments.js';

export interface MetricsOptions {
  /** @defaultValue the meter `leasehold` of the global meter provider */
  readonly meter?: Meter;
  /** Added to every measurement. */
  readonly attributes?: Attributes;
}

/** Measures the registry from now on; what it returns ends that. A closed registry is measured no more. */
export function startMetrics(registry: Registry, options: MetricsOptions = {}): () => void {
  const meter = options.meter ?? metrics.getMeter('leasehold');
  const instruments = instrumentsOf(meter);
  const { address, root } = registry.status();
  const attributes: Attributes = { ...options.attributes, registry: `${address}${root}` };
  const measures = new Measures(instruments, attributes, root);
  const handlers = {
    registration: (event: RegistrationEvent) => measures.registered(event),
    subscription: (event: SubscriptionEvent) => measures.subscribed(event),
    notification: (event: NotificationEvent) => measures.notified(event),
    connection: (event: ConnectionEvent) => measures.connected(event),
    lease: (event: LeaseEvent) => measures.leased(event),
  };
  const observe = (result: BatchObservableResult): void => {
    if (registry.isOpen) observeAll(registry, instruments, attributes, result);
  };
  const observables: Observable[] = Object.values(instruments.observed);
  meter.addBatchObservableCallback(observe, observables);
  registry.on('registration', handlers.registration);
  registry.on('subscription', handlers.subscription);
  registry.on('notification', handlers.notification);
  registry.on('connection', handlers.connection);
  registry.on('lease', handlers.lease);
  return () => {
    meter.removeBatchObservableCallback(observe, observables);
    registry.off('registration', handlers.registration);
    registry.off('subscription', handlers.subscription);
    registry.off('notification', handlers.notification);
    registry.off('connection', handlers.connection);
    registry.off('lease', handlers.lease);
  };
}

/** What is counted as it happens. */
class Measures {
  readonly #counted: Instruments['counted'];
  readonly #attributes: Attributes;
  readonly #root: string;

  constructor({ counted }: Instruments, attributes: Attributes, root: string) {
    this.#counted = counted;
    this.#attributes = attributes;
    this.#root = root;
  }

  registered({ state, keys }: RegistrationEvent): void {
    const { register, registerService } = this.#counted;
    if (state !== 'written' && state !== 'failed') return;
    const outcome = state === 'written' ? 'succeed' : 'failed';
    register.total.add(keys.length, this.#attributes);
    register[outcome].add(keys.length, this.#attributes);
    for (const [service, count] of countsOf(keys.map((key) => serviceOf(key, this.#root)))) {
      const attributes = this.#about(service);
      registerService.total.add(count, attributes);
      registerService[outcome].add(count, attributes);
    }
  }

  subscribed({ state, service }: SubscriptionEvent): void {
    const { subscribe, subscribeService } = this.#counted;
    const outcome = state === 'subscribed' ? 'succeed' : 'failed';
    const attributes = this.#about(service);
    subscribe.total.add(1, this.#attributes);
    subscribe[outcome].add(1, this.#attributes);
    subscribeService.total.add(1, attributes);
    subscribeService[outcome].add(1, attributes);
  }

  notified({ service, category, count }: NotificationEvent): void {
    this.#counted.notify.add(1, this.#attributes);
    if (category === 'providers') this.#counted.notifyLast.record(count, this.#about(service));
  }

  connected({ state }: ConnectionEvent): void {
    if (state === 'connected') this.#counted.connections.add(1, this.#attributes);
  }

  leased({ state }: LeaseEvent): void {
    if (state === 'expired') this.#counted.leasesLost.add(1, this.#attributes);
  }

  #about(service: string): Attributes {
    return { ...this.#attributes, interface: service };
  }
}

/** What is looked at when somebody collects. */
function observeAll(
  registry: Registry,
  { observed }: Instruments,
  attributes: Attributes,
  result: BatchObservableResult,
): void {
  const status = registry.status();
  result.observe(observed.up, registry.isAvailable() ? 1 : 0, attributes);
  for (const [state, count] of countsOf(status.registrations.map(({ state: each }) => each))) {
    result.observe(observed.registrations, count, { ...attributes, state });
  }
  for (const directory of directoriesOf(status)) {
    observeDirectory(directory, { ...attributes, interface: directory.service }, observed, result);
  }
}

function observeDirectory(
  { all, live }: Directory,
  attributes: Attributes,
  observed: Instruments['observed'],
  result: BatchObservableResult,
): void {
  result.observe(observed.directoryAll, all, attributes);
  result.observe(observed.directoryValid, live, attributes);
  result.observe(observed.directoryToReconnect, all - live, attributes);
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The interface in a key of ours. */
function serviceOf(key: string, root: string): string {
  return percentDecode(key.slice(root.length + 1).split('/')[0] ?? '');
}
