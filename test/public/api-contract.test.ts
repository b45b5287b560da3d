/** What the API of Dubbo's RegistryService and NotifyListener asks of every registry, sentence by sentence: docs/dubbo.md. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, type ServiceUrl } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const service = 'com.acme.Contract';
const consumer = `consumer://10.0.0.9/${service}?category=configurators,routers,consumers,providers`;

function provider(host: number, query = ''): string {
  return `dubbo://10.0.0.${host}:20880/${service}${query}`;
}

interface Call {
  readonly category: string;
  readonly revision: string;
  readonly urls: readonly string[];
}

function contractTests(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let calls: Call[];
  const listener = (
    urls: readonly ServiceUrl[],
    { category, revision }: { readonly category: string; readonly revision: string },
  ): void => {
    calls.push({ category, revision, urls: urls.map((url) => url.toFullString()) });
  };

  beforeAll(async () => {
    etcd = await start();
  });

  beforeEach(async () => {
    calls = [];
    registry = await createRegistry({ address: etcd.endpoint, timeoutMs: 3_000, notifyWindowMs: 0 });
  });

  afterEach(async () => {
    await registry.close();
    await etcd.control.deletePrefix('/dubbo');
  });

  afterAll(() => etcd.stop());

  async function provided(): Promise<readonly string[]> {
    const entries = await etcd.control.list(`/dubbo/${service}/providers/`);
    return entries.map(({ key }) => decodeURIComponent(key.slice(key.lastIndexOf('/') + 1))).sort();
  }

  test('tells the whole list of a category each time, never what changed [API-1]', async () => {
    await registry.subscribe(consumer, listener);
    for (const host of [1, 2, 3]) await registry.register(provider(host));
    await eventually(() => expect(calls.at(-1)?.urls).toHaveLength(3));
    await registry.unregister(provider(2));
    await eventually(() => expect(calls.at(-1)?.urls).toEqual([provider(1), provider(3)]));
    for (const { category } of calls.slice(4)) expect(category).toBe('providers');
  });

  test('tells of every category before subscribe resolves [API-2], an empty one with one empty url that names it [API-3]', async () => {
    await registry.register(provider(1));
    await registry.subscribe(consumer, listener);
    expect(calls.map(({ category }) => category)).toEqual([
      'configurators',
      'routers',
      'consumers',
      'providers',
    ]);
    for (const { category, urls } of calls.slice(0, 3)) {
      expect(urls).toEqual([`empty://10.0.0.9/${service}?category=${category}`]);
    }
    expect(calls[3]?.urls).toEqual([provider(1)]);
  });

  test('tells one subscription in the order of the changes [API-4]', async () => {
    await registry.subscribe(`consumer://10.0.0.9/${service}`, listener);
    for (const host of [1, 2, 3, 4, 5, 6]) await registry.register(provider(host));
    for (const host of [1, 2, 3, 4, 5]) await registry.unregister(provider(host));
    await eventually(() => expect(calls.at(-1)?.urls).toEqual([provider(6)]));
    const revisions = calls.map(({ revision }) => Number(revision));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(new Set(revisions).size).toBe(calls.length);
  });

  test('does not reject a registration with check=false while etcd is away, and makes it later [API-5]', async () => {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.isAvailable()).toBe(false));
    await registry.register(provider(1, '?check=false'));
    expect(await provided()).toEqual([]);
    await etcd.proxy.startAccepting();
    await eventually(async () => expect(await provided()).toEqual([provider(1, '?check=false')]), 10_000);
  });

  test('leaves a url with dynamic=false in etcd when the registry is closed, and takes the others [API-6]', async () => {
    await registry.register(provider(1, '?dynamic=false'));
    await registry.register(provider(2));
    await registry.close();
    expect(await provided()).toEqual([provider(1, '?dynamic=false')]);
  });

  test('keeps registrations and subscriptions through restarts of etcd and a link that breaks [API-7]', async () => {
    await registry.register(provider(1));
    await registry.subscribe(consumer, listener);
    etcd.proxy.resetAll();
    await etcd.kill();
    await etcd.restart();
    etcd.proxy.resetAll();
    await etcd.control.put(`/dubbo/${service}/providers/${encodeURIComponent(provider(2))}`, '1');
    await eventually(() => expect(calls.at(-1)?.urls).toEqual([provider(1), provider(2)]), 15_000);
    await eventually(async () => expect(await provided()).toEqual([provider(1), provider(2)]), 15_000);
  });

  test('keeps urls apart that differ in anything [API-8], and withdraws exactly the one that is named [API-10]', async () => {
    const urls = [provider(1, '?a=1'), provider(1, '?a=2'), provider(1)];
    for (const url of urls) await registry.register(url);
    expect(await provided()).toEqual([...urls].sort());
    await registry.unregister(provider(1, '?a=2'));
    await registry.unregister(provider(1, '?a=3'));
    expect(await provided()).toEqual([provider(1), provider(1, '?a=1')]);
  });

  test('ignores an unsubscribe, and an unregister, of what is not there [API-9]', async () => {
    await registry.subscribe(consumer, listener);
    await registry.unsubscribe(consumer, () => {});
    await registry.unsubscribe(`consumer://10.0.0.8/${service}`, listener);
    await registry.unregister(provider(1));
    expect(registry.subscribed().map(String)).toEqual([consumer]);
  });
}

describe('the contract of the API on the in-memory etcd', () => contractTests(memoryEtcdUnderTest));
describeOnEtcd('the contract of the API on a real etcd', () => contractTests(realEtcdUnderTest));
