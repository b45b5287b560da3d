/** The metrics adapter with OpenTelemetry's own SDK: what a collector would be given. */
import { readFileSync } from 'node:fs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { startMetrics } from '../../src/metrics/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';

const service = 'com.acme.Orders';
const provider = `dubbo://10.0.0.1:20880/${service}`;

let etcd: MemoryEtcd;
let registry: Registry;
let exporter: InMemoryMetricExporter;
let provided: MeterProvider;
let stop: () => void;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  registry = await createRegistry({ address: etcd.endpoint, sessionMs: 3_000, file: false });
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  provided = new MeterProvider({ readers: [reader] });
  stop = startMetrics(registry, { meter: provided.getMeter('test'), attributes: { app: 'shop' } });
});

afterEach(async () => {
  stop();
  await provided.shutdown();
  await registry.close();
  await etcd.stop();
});

/** What is exported now, as `name{attributes}`. */
async function exported(): Promise<ReadonlyMap<string, unknown>> {
  exporter.reset();
  await provided.forceFlush();
  const points = new Map<string, unknown>();
  for (const { scopeMetrics } of exporter.getMetrics()) {
    for (const { metrics } of scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        for (const { attributes, value } of dataPoints) {
          const { app: _app, registry: _registry, ...own } = attributes;
          const shown = Object.entries(own).map(([name, text]) => `${name}=${String(text)}`);
          points.set(shown.length === 0 ? descriptor.name : `${descriptor.name}{${shown.join()}}`, value);
        }
      }
    }
  }
  return points;
}

test('registrations, subscriptions and notifications are counted under the names of Dubbo', async () => {
  await registry.register(provider);
  await expect(registry.register(`${provider}?big=${'x'.repeat(2_000_000)}`)).rejects.toThrow('too large');
  await registry.subscribe(`consumer://10.0.0.2/${service}`, () => {});
  const points = await exported();
  const about = `{interface=${service}}`;
  expect(Object.fromEntries(points)).toMatchObject({
    'dubbo.registry.register.requests.total': 2,
    'dubbo.registry.register.requests.succeed.total': 1,
    'dubbo.registry.register.requests.failed.total': 1,
    [`dubbo.registry.register.service.total${about}`]: 2,
    [`dubbo.registry.register.service.succeed.total${about}`]: 1,
    [`dubbo.registry.register.service.failed.total${about}`]: 1,
    'dubbo.registry.subscribe.num.total': 1,
    'dubbo.registry.subscribe.num.succeed.total': 1,
    [`dubbo.registry.subscribe.service.num.total${about}`]: 1,
    [`dubbo.registry.subscribe.service.num.succeed.total${about}`]: 1,
    'dubbo.registry.notify.requests.total': 1,
    [`dubbo.registry.notify.num.last${about}`]: 1,
    [`dubbo.registry.directory.num.all${about}`]: 1,
    [`dubbo.registry.directory.num.valid.total${about}`]: 1,
    [`dubbo.registry.directory.num.to_reconnect.total${about}`]: 0,
    'leasehold.connection.up': 1,
    'leasehold.registrations{state=written}': 1,
  });
});

test('an outage shows: no connection, providers that may be out of date, then another link and a lost lease', async () => {
  await registry.register(provider);
  await registry.subscribe(`consumer://10.0.0.2/${service}`, () => {});
  await etcd.crash();
  await eventually(async () => expect((await exported()).get('leasehold.connection.up')).toBe(0));
  const about = `{interface=${service}}`;
  const down = await exported();
  expect(down.get(`dubbo.registry.directory.num.to_reconnect.total${about}`)).toBe(1);
  expect(down.get(`dubbo.registry.directory.num.valid.total${about}`)).toBe(0);
  etcd.wipe();
  await etcd.restart();
  await eventually(async () => {
    const up = await exported();
    expect(up.get('leasehold.connection.up')).toBe(1);
    expect(up.get('leasehold.connections.total')).toBe(1);
    expect(up.get('leasehold.leases.lost.total')).toBe(1);
    expect(up.get('dubbo.registry.register.requests.succeed.total')).toBe(2);
  });
});

test('nothing is measured any more once it is stopped or the registry is closed', async () => {
  stop();
  await registry.register(provider);
  expect((await exported()).size).toBe(0);
  stop = startMetrics(registry, { meter: provided.getMeter('test') });
  await registry.close();
  expect((await exported()).has('leasehold.connection.up')).toBe(false);
});

test('docs/metrics.md names exactly the metrics there are', async () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `((?:dubbo|leasehold)\.[\w.]+)`/gm)].map(([, name = '']) => name);
  const created: string[] = [];
  const meter = new Proxy(provided.getMeter('names'), {
    get: (target, property) => {
      const method = Reflect.get(target, property) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (String(property).startsWith('create')) created.push(String(args[0]));
        return method.apply(target, args);
      };
    },
  });
  startMetrics(registry, { meter })();
  expect(documented.sort()).toEqual(created.sort());
});
