/** The instruments by name; docs/metrics.md says what each means, and a test compares the two. */
import type { Counter, Gauge, Meter, ObservableGauge } from '@opentelemetry/api';

/** A count of attempts, and how they ended. */
export interface Attempts {
  readonly total: Counter;
  readonly succeed: Counter;
  readonly failed: Counter;
}

export interface Instruments {
  readonly counted: {
    readonly register: Attempts;
    readonly registerService: Attempts;
    readonly subscribe: Attempts;
    readonly subscribeService: Attempts;
    readonly notify: Counter;
    readonly notifyLast: Gauge;
    readonly connections: Counter;
    readonly leasesLost: Counter;
  };
  readonly observed: {
    readonly directoryAll: ObservableGauge;
    readonly directoryValid: ObservableGauge;
    readonly directoryToReconnect: ObservableGauge;
    readonly up: ObservableGauge;
    readonly registrations: ObservableGauge;
  };
}

export function instrumentsOf(meter: Meter): Instruments {
  const counter = (name: string, description: string): Counter => meter.createCounter(name, { description });
  const observed = (name: string, description: string): ObservableGauge =>
    meter.createObservableGauge(name, { description });
  const attempts = (prefix: string, what: string): Attempts => ({
    total: counter(`${prefix}.total`, `${what}, however they ended`),
    succeed: counter(`${prefix}.succeed.total`, `${what} that succeeded`),
    failed: counter(`${prefix}.failed.total`, `${what} that failed`),
  });
  return {
    counted: {
      register: attempts('dubbo.registry.register.requests', 'Registrations written'),
      registerService: attempts('dubbo.registry.register.service', 'Registrations of an interface'),
      subscribe: attempts('dubbo.registry.subscribe.num', 'Subscriptions'),
      subscribeService: attempts('dubbo.registry.subscribe.service.num', 'Subscriptions to an interface'),
      notify: counter('dubbo.registry.notify.requests.total', 'Calls of listeners'),
      notifyLast: meter.createGauge('dubbo.registry.notify.num.last', {
        description: 'Providers of an interface in the last notification',
      }),
      connections: counter('leasehold.connections.total', 'Links to etcd that came up'),
      leasesLost: counter('leasehold.leases.lost.total', 'Leases that ended before they were given back'),
    },
    observed: {
      directoryAll: observed('dubbo.registry.directory.num.all', 'Providers of an interface that are known'),
      directoryValid: observed(
        'dubbo.registry.directory.num.valid.total',
        'Those in a list that is up to date',
      ),
      directoryToReconnect: observed(
        'dubbo.registry.directory.num.to_reconnect.total',
        'Those in a list that may be out of date',
      ),
      up: observed('leasehold.connection.up', '1 while etcd answers, else 0'),
      registrations: observed('leasehold.registrations', 'Registrations by state'),
    },
  };
}
