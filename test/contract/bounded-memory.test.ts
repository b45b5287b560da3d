/** What does not grow: with the length of an outage, with changes of mind meanwhile, with changes that nobody takes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createRegistry, type NotifyListener } from '../../src/index.js';
import { startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';
import { type VirtualRegistry, withVirtualRegistry } from '../support/virtual-registry.js';

const minuteMs = 60_000;
const megabyte = 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const urlOf = (index: number): string => `dubbo://10.0.0.1:${20_000 + index}/com.acme.Orders?check=false`;

function providerOf(service: string): string {
  return `/dubbo/${service}/providers/${encodeURIComponent(`dubbo://10.0.0.1:1/${service}`)}`;
}

function providers({ keys }: VirtualRegistry): number {
  return keys().filter((key) => key.startsWith('/dubbo/com.acme.Orders/providers/')).length;
}

test('an hour without etcd needs no more timers and no more memory than five minutes [LIFE-4]', () =>
  withVirtualRegistry({ sessionMs: 15_000 }, async (virtual) => {
    const { registry, pass, counts } = virtual;
    for (let index = 0; index < 5; index++) void registry.register(urlOf(index));
    await pass(2_000);
    virtual.cut();
    await pass(5 * minuteMs);
    const [heapBefore, dialsBefore] = [heapUsed(), counts().dials];
    for (let minute = 5; minute < 60; minute++) {
      await pass(minuteMs);
      expect(counts().timers).toBeLessThan(10);
    }
    expect(counts().dials - dialsBefore).toBeGreaterThan(3_000);
    expect(heapUsed() - heapBefore).toBeLessThan(megabyte / 2);
    expect(registry.status().registrations).toHaveLength(5);
    virtual.heal();
    await pass(20_000);
    expect(providers(virtual)).toBe(5);
  }));

test('of all changes of mind during an outage only the last one is kept for each key, and written [LIFE-4]', () =>
  withVirtualRegistry({ sessionMs: 15_000 }, async (virtual) => {
    const { registry, pass, counts } = virtual;
    for (let index = 0; index < 5; index++) void registry.register(urlOf(index));
    await pass(2_000);
    virtual.cut();
    let unsettledCount = 0;
    const call = (promise: Promise<unknown>): void => {
      unsettledCount += 1;
      void promise.then(() => (unsettledCount -= 1));
    };
    const changeMind = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const url = urlOf(round % 5);
        call(registry.unregister(url));
        await pass(5);
        call(registry.register(url));
        call(registry.unregister(url));
        await pass(5);
        expect(unsettledCount).toBeGreaterThan(0);
        call(registry.register(url));
        await pass(5);
        expect(unsettledCount).toBe(0);
      }
    };
    await changeMind(1_000);
    const heapBefore = heapUsed();
    await changeMind(20_000);
    expect(heapUsed() - heapBefore).toBeLessThan(megabyte / 2);
    expect(counts().timers).toBeLessThan(10);
    const callsBefore = counts().calls;
    virtual.heal();
    await pass(20_000);
    expect(providers(virtual)).toBe(5);
    expect(counts().calls - callsBefore).toBeLessThan(20);
  }));

test('registrations that came and went during an outage leave nothing behind [LIFE-4]', () =>
  withVirtualRegistry({ sessionMs: 15_000 }, async ({ registry, pass, counts, cut, heal }) => {
    cut();
    for (let index = 0; index < 3_000; index++) {
      void registry.register(urlOf(index));
      await pass(5);
      void registry.unregister(urlOf(index));
      await pass(5);
    }
    expect(registry.status().registrations).toHaveLength(0);
    expect(counts().timers).toBeLessThan(10);
    heal();
    await pass(20_000);
    expect(counts().calls).toBeLessThan(20);
  }));

test('of 100,000 changes a listener that does not return and an iterator nobody reads keep the last list [LIFE-4]', async () => {
  await using etcd = await startMemoryEtcd();
  await using client = new EtcdClient(etcd.endpoint);
  await using registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false`);
  const consumer = 'consumer://10.0.0.9/com.acme.Orders?category=providers';
  let release = (): void => undefined;
  const lists: number[] = [];
  const hangs: NotifyListener = async (urls) => {
    lists.push(urls.filter(({ protocol }) => protocol === 'dubbo').length);
    await new Promise<void>((done) => {
      release = done;
    });
  };
  void registry.subscribe(consumer, hangs);
  await eventually(() => expect(lists).toHaveLength(1));
  const views = registry.watch(consumer);

  const put = (index: number) => {
    const url = encodeURIComponent(`dubbo://10.0.${index >> 8}.${index & 255}:20880/com.acme.Orders`);
    return { request_put: { key: bytes(`/dubbo/com.acme.Orders/providers/${url}`), value: bytes('') } };
  };
  /** All but one of the hundred keys change in each round, and one comes or goes, so that every list is another. */
  const change = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const success = Array.from({ length: 99 }, (_, index) => put(index));
      const last = round % 2 === 0 ? put(99) : { request_delete_range: { key: put(99).request_put.key } };
      await client.kv.txn({ success: [...success, last] }, { deadline: Date.now() + 5_000 });
    }
    etcd.compact();
  };
  const revisionSeen = (): string | null | undefined => registry.status().watchers[0]?.revision;
  await change(100);
  const heapBefore = heapUsed();
  await change(901);
  await eventually(() => expect(revisionSeen()).toBe(etcd.revision));
  expect(heapUsed() - heapBefore).toBeLessThan(2 * megabyte);
  expect(lists.length).toBeLessThanOrEqual(2);

  const heard = lists.length;
  release();
  await eventually(() => expect(lists).toHaveLength(heard + 1));
  expect(lists.at(-1)).toBe(100);
  release();
  const first = await views.next();
  expect(first.value).toMatchObject({ revision: etcd.revision, urls: { length: 100 } });
  let isMore = false;
  void views.next().then(() => (isMore = true));
  await client.kv.range({ key: bytes('/') }, { deadline: Date.now() + 5_000 });
  expect(isMore).toBe(false);
  expect(lists).toHaveLength(heard + 1);
});

test('services that come and go while nobody listens are forgotten, but for those that were told of [LIFE-4] [SUB-3]', () =>
  withVirtualRegistry({ notifyWindowMs: 0 }, async ({ registry, pass, put, delete: remove }) => {
    const all = 'admin://10.0.0.9?interface=*&check=false';
    const told: string[] = [];
    let isReady = (): void => {};
    const listener: NotifyListener = (urls, { service }) => {
      told.push(`${service} ${urls[0]?.protocol}`);
      return new Promise<void>((resolve) => {
        isReady = resolve;
      });
    };
    put(providerOf('com.acme.Told'));
    const views = registry.watch(all);
    void registry.subscribe(all, listener);
    await pass(1_000);
    expect((await views.next()).value?.service).toBe('com.acme.Told');
    remove(providerOf('com.acme.Told'));
    for (let index = 0; index < 100; index++) {
      put(providerOf(`com.acme.Brief${index}`));
      await pass(50);
      remove(providerOf(`com.acme.Brief${index}`));
      await pass(50);
    }
    for (const { categories } of registry.status().subscriptions) expect(categories).toHaveLength(1);
    isReady();
    await pass(1_000);
    expect(told).toEqual(['com.acme.Told dubbo', 'com.acme.Told empty']);
    const { value } = await views.next();
    expect([value?.service, value?.urls, value?.removed.length]).toEqual(['com.acme.Told', [], 1]);
    await views.return?.();
  }));
