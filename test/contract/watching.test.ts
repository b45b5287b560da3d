/** Asking instead of listening: `watch`, `lookup` and `instances`, and the door for those who have never seen a Dubbo URL. */
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, type RegistryView } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

let serial = 0;

function watching(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let service: string;

  beforeAll(async () => {
    etcd = await start();
    registry = await createRegistry(etcd.endpoint);
  });

  afterAll(async () => {
    await registry.close();
    await etcd.stop();
  });

  beforeEach(() => {
    serial += 1;
    service = `com.acme.Watched${serial}`;
  });

  function urlOf(host: number): string {
    return `dubbo://10.0.0.${host}:1/${service}`;
  }

  function keyOf(url: string, category = 'providers'): string {
    return `/dubbo/${service}/${category}/${encodeURIComponent(url)}`;
  }

  function texts(urls: RegistryView['urls'] | undefined): readonly string[] {
    return (urls ?? []).map(String);
  }

  /** The prefixes of this test that are watched. */
  function watched(): readonly string[] {
    const prefixes = registry.status().watchers.map(({ prefix }) => prefix);
    return prefixes.filter((prefix) => prefix.includes(service));
  }

  test('gives each view with what came and what went [SUB-2] [SUB-3]', async () => {
    const abort = new AbortController();
    const views = registry.watch(`consumer://10.0.0.9/${service}`, { signal: abort.signal });
    const first = (await views.next()).value;
    expect(first).toMatchObject({ service, category: 'providers', urls: [], added: [], stale: undefined });
    const revision = await etcd.control.put(keyOf(urlOf(1)), '1');
    const second = (await views.next()).value;
    expect([texts(second?.urls), texts(second?.added)]).toEqual([[urlOf(1)], [urlOf(1)]]);
    expect(second?.revision).toBe(revision);
    await etcd.control.delete(keyOf(urlOf(1)));
    const third = (await views.next()).value;
    expect([texts(third?.urls), texts(third?.removed)]).toEqual([[], [urlOf(1)]]);
    const waiting = views.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(watched()).toEqual([]);
  });

  test('tells that a view is stale, and that it is live again', async () => {
    await etcd.control.put(keyOf(urlOf(1)), '1');
    const views = registry.watch({ service });
    await views.next();
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    const stale = (await views.next()).value;
    expect(stale?.stale?.reason).toEqual(expect.any(String));
    expect(texts(stale?.urls)).toEqual([urlOf(1)]);
    await etcd.proxy.startAccepting();
    const live = (await views.next()).value;
    expect([live?.stale, texts(live?.urls)]).toEqual([undefined, [urlOf(1)]]);
    await views.return?.();
    expect(watched()).toEqual([]);
  });

  test('shows an iterator in status, and ends it when the registry is closed', async () => {
    const other = await createRegistry(etcd.endpoint);
    const views = other.watch(service);
    await views.next();
    expect(other.status().subscriptions).toMatchObject([{ categories: [{ service, providerCount: 0 }] }]);
    const waiting = views.next();
    await other.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(() => other.watch(service)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });

  test('looks up all categories together, without empty ones, and leaves nothing behind [F7]', async () => {
    const rule = `override://0.0.0.0/${service}?category=configurators&dynamic=false`;
    await etcd.control.put(keyOf(rule, 'configurators'), '1');
    await etcd.control.put(keyOf(urlOf(1)), '1');
    const before = await etcd.control.revision();
    const found = await registry.lookup(
      `consumer://10.0.0.9/${service}?category=providers,routers,configurators`,
    );
    expect(texts(found)).toEqual([rule, urlOf(1)]);
    expect(await registry.lookup(`consumer://10.0.0.9/${service}?category=consumers`)).toEqual([]);
    expect(await etcd.control.revision()).toBe(before);
    expect(watched()).toEqual([]);
    expect(registry.status().subscriptions).toEqual([]);
  });

  test('looks up what is there now, not what a subscription that has ended was told [F8]', async () => {
    const url = `consumer://10.0.0.9/${service}`;
    await etcd.control.put(keyOf(urlOf(1)), '1');
    const subscription = await registry.subscribe(url, () => {});
    expect(texts(await registry.lookup(url))).toEqual([urlOf(1)]);
    await subscription.close();
    await etcd.control.delete(keyOf(urlOf(1)));
    expect(await registry.lookup(url)).toEqual([]);
  });

  test('does not take an etcd that is away for a service without providers', async () => {
    const late = await createRegistry({ address: etcd.endpoint, timeoutMs: 300 });
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await expect(late.lookup(`consumer://10.0.0.9/${service}`)).rejects.toMatchObject({
      code: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
    });
    await expect(late.lookup(service, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(late.status().watchers).toEqual([]);
    await late.close();
    await etcd.proxy.startAccepting();
    await eventually(() => expect(registry.status().connection.state).toBe('connected'));
  });

  test.each(['consumer://10.0.0.9/SERVICE', 'consumer://10.0.0.9?interface=*&category=providers'])(
    'tells who begins to ask for %s while etcd is away what others were told last, as stale',
    async (text) => {
      const url = text.replace('SERVICE', service);
      await etcd.control.deletePrefix('/dubbo');
      await etcd.control.put(keyOf(urlOf(1)), '1');
      const subscription = await registry.subscribe(url, () => {});
      etcd.proxy.stopAccepting();
      etcd.proxy.resetAll();
      await eventually(() => expect(registry.isAvailable()).toBe(false));
      expect(texts(await registry.lookup(url))).toEqual([urlOf(1)]);
      const views = registry.watch(url);
      const { value } = await views.next();
      expect([texts(value?.urls), value?.stale !== undefined]).toEqual([[urlOf(1)], true]);
      const told: string[] = [];
      await registry.subscribe(url, (urls, { stale }) => told.push(`${urls.join()} ${stale === undefined}`));
      expect(told).toEqual([`${urlOf(1)} false`]);
      await etcd.control.put(keyOf(urlOf(2)), '1');
      await etcd.proxy.startAccepting();
      const live = (await views.next()).value;
      expect([texts(live?.added), live?.stale]).toEqual([[urlOf(2)], undefined]);
      await eventually(() => expect(told.slice(1)).toEqual([`${urlOf(1)},${urlOf(2)} true`]));
      await views.return?.();
      await subscription.close();
    },
  );

  test('rejects who asks, and leaves no timer, when the registry is closed under it or the url names no service [LIFE-1]', async () => {
    const late = await createRegistry({ address: etcd.endpoint, timeoutMs: 60_000 });
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(late.isAvailable()).toBe(false));
    const outcomes = Promise.allSettled([
      late.lookup(service),
      late.instances(service),
      late.explain(service),
    ]);
    await late.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
    }
    await etcd.proxy.startAccepting();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
    const { signal } = new AbortController();
    await expect(registry.lookup('consumer://10.0.0.9', { signal })).rejects.toMatchObject({
      code: 'INVALID_URL',
    });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('serves people without Dubbo: plain objects in, plain objects out, a name to ask for', async () => {
    const views = registry.watch(service);
    expect((await views.next()).value?.urls).toEqual([]);
    const blue = { service, host: '10.0.0.1', port: 8080, group: 'blue', version: '2.0.0' };
    await registry.register({ ...blue, protocol: 'http', metadata: { weight: 100, zone: 'a' } });
    await registry.register({ service, host: '10.0.0.2', port: 8080 });
    await eventually(async () => expect((await views.next()).value?.urls).toHaveLength(2));
    const [first, second, ...others] = await registry.instances(service);
    expect(first).toMatchObject({ protocol: 'dubbo', host: '10.0.0.2', group: undefined, metadata: {} });
    expect(second).toMatchObject({ ...blue, protocol: 'http', metadata: { weight: '100', zone: 'a' } });
    expect(others).toEqual([]);
    expect(await registry.instances({ service, group: 'blue' })).toMatchObject([blue]);
    expect(await registry.instances({ service, version: '1.0.0' })).toEqual([]);
    await views.return?.();
    await expect(registry.instances('')).rejects.toMatchObject({ code: 'INVALID_URL' });
  });
}

describe('watching the in-memory etcd', () => watching(memoryEtcdUnderTest));
describeOnEtcd('watching a real etcd', () => watching(realEtcdUnderTest));
