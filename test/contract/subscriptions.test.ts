/** What a subscription promises its listener. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

let serial = 0;

function subscriptions(start: () => Promise<EtcdUnderTest>): void {
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
    service = `com.acme.Service${serial}`;
  });

  function keyOf(url: string, category = 'providers'): string {
    return `/dubbo/${service}/${category}/${encodeURIComponent(url)}`;
  }

  test('tells every category once before subscribe resolves, rules before providers [SUB-1] [SUB-4]', async () => {
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), '1');
    const told: string[] = [];
    await registry.subscribe(`consumer://10.0.0.9/${service}?category=*`, (urls, { category }) =>
      told.push(`${category}: ${urls.map(({ protocol }) => protocol).join()}`),
    );
    expect(told).toEqual(['configurators: empty', 'routers: empty', 'consumers: empty', 'providers: dubbo']);
  });

  test('tells a category once that is named twice, and providers where none is named [SUB-1]', async () => {
    const told: string[] = [];
    for (const categories of ['providers,routers,providers', ',']) {
      await registry.subscribe(
        `consumer://10.0.0.9/${service}?category=${categories}`,
        (_urls, { category }) => told.push(category),
      );
    }
    expect(told).toEqual(['routers', 'providers', 'providers']);
    expect(await registry.lookup(`consumer://10.0.0.9/${service}?category=providers,providers`)).toEqual([]);
  });

  test('writes nothing to etcd', async () => {
    const before = await etcd.control.revision();
    const subscription = await registry.subscribe(`consumer://10.0.0.9/${service}`, () => {});
    await subscription.close();
    expect(await etcd.control.revision()).toBe(before);
  });

  test('tells lists of one revision each, in the order of revisions [SUB-2]', async () => {
    const told: { count: number; revision: string }[] = [];
    await registry.subscribe(`consumer://10.0.0.9/${service}`, (urls, { revision }) => {
      told.push({ count: urls.filter(({ protocol }) => protocol === 'dubbo').length, revision });
    });
    const revisions: string[] = [];
    for (let host = 1; host <= 50; host += 1) {
      revisions.push(await etcd.control.put(keyOf(`dubbo://10.0.0.${host}:1/${service}`), '1'));
    }
    await eventually(() => expect(told.at(-1)?.count).toBe(50));
    for (const { count, revision } of told.slice(1)) expect(revisions.indexOf(revision)).toBe(count - 1);
    const order = told.map(({ revision }) => Number(revision));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('does not call a listener after unsubscribe returned [SUB-5]', async () => {
    let calls = 0;
    const url = `consumer://10.0.0.9/${service}`;
    const listener = (): void => {
      calls += 1;
    };
    await registry.subscribe(url, listener);
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), '1');
    await registry.unsubscribe(url, listener);
    const before = calls;
    await registry.subscribe(url, () => {});
    expect(calls).toBe(before);
    expect(registry.status().subscriptions.filter((subscription) => subscription.url === url)).toHaveLength(
      1,
    );
    await eventually(() =>
      expect(registry.status().watchers.filter(({ prefix }) => prefix.includes(service))).toHaveLength(1),
    );
  });

  test('replaces a subscription that was ended and begun again in one turn', async () => {
    const url = `consumer://10.0.0.9/${service}`;
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const ended = expect(registry.subscribe(url, listener)).rejects.toMatchObject({ code: 'ABORTED' });
    await registry.unsubscribe(url, listener);
    const second = await registry.subscribe(url, listener);
    await ended;
    await second.close();
    const before = calls;
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), '1');
    await registry.subscribe(url, () => {});
    expect(calls).toBe(before);
  });

  test('does not end a later subscription when an old handle is closed twice', async () => {
    const url = `consumer://10.0.0.9/${service}`;
    const listener = (): void => {};
    const old = await registry.subscribe(url, listener);
    await old.close();
    await registry.subscribe(url, listener);
    await old.close();
    expect(registry.status().subscriptions.filter((subscription) => subscription.url === url)).toHaveLength(
      1,
    );
  });

  test('tells a listener that subscribes while the link is away what etcd contains [SUB-1] [SUB-3]', async () => {
    const url = `consumer://10.0.0.9/${service}`;
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), '1');
    await registry.subscribe(url, () => {});
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.status().connection.state).not.toMatch(/^connected/));
    const told: string[] = [];
    const late = registry.subscribe(url, (urls) => told.push(urls.map(({ protocol }) => protocol).join()));
    await etcd.proxy.startAccepting();
    await late;
    expect(told).toEqual(['dubbo']);
  });

  test('lets a listener that throws, hangs or subscribes again harm only itself [SUB-6]', async () => {
    const errors: unknown[] = [];
    registry.on('listenerError', (error) => errors.push(error));
    const url = `consumer://10.0.0.9/${service}`;
    let nested = 0;
    let seen = 0;
    await registry.subscribe(url, () => Promise.reject(new Error('thrown')));
    await registry.subscribe(url, () => new Promise(() => {}));
    await registry.subscribe(url, () => registry.subscribe(url, () => (nested += 1)));
    await registry.subscribe(url, (urls) => {
      seen = urls.length;
    });
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), '1');
    await etcd.control.put(keyOf(`dubbo://10.0.0.2:1/${service}`), '1');
    await eventually(() => expect(seen).toBe(2));
    await eventually(() => expect(nested).toBeGreaterThan(0));
    expect(errors[0]).toMatchObject({ message: 'thrown' });
  });

  test('skips foreign keys that cannot be read, and reports each once [SUB-8]', async () => {
    const reported: string[] = [];
    registry.on('undecodable', ({ key }) => reported.push(key));
    await etcd.control.put(`/dubbo/${service}/providers/%E0%A4%`, '1');
    await etcd.control.put(
      Buffer.concat([Buffer.from(`/dubbo/${service}/providers/`), Buffer.from([0xff, 0xfe])]),
      '1',
    );
    await etcd.control.put(keyOf(`dubbo://host:port/${service}`), '1');
    await etcd.control.put(`/dubbo/${service}/providers/deeper/key`, '1');
    await etcd.control.put(
      `/dubbo/${service}/providersX/${encodeURIComponent(`dubbo://10.0.0.7:1/${service}`)}`,
      '1',
    );
    await etcd.control.put(keyOf(`dubbo://10.0.0.1:1/${service}`), 'x'.repeat(100_000));
    let hosts: readonly (string | undefined)[] = [];
    const url = `consumer://10.0.0.9/${service}`;
    for (const listener of [
      () => {},
      (urls: readonly { address: string | undefined }[]) => (hosts = urls.map(({ address }) => address)),
    ]) {
      await registry.subscribe(url, listener);
    }
    expect(hosts).toEqual(['10.0.0.1:1']);
    expect(reported.sort()).toEqual(
      [`/dubbo/${service}/providers/%E0%A4%`, keyOf(`dubbo://host:port/${service}`)].sort(),
    );
  });

  test('ends a subscription whose signal is aborted while it waits', async () => {
    const abort = new AbortController();
    const waiting = registry.subscribe(`consumer://10.0.0.9/${service}`, () => {}, { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    expect(registry.status().watchers.filter(({ prefix }) => prefix.includes(service))).toEqual([]);
  });
}

describe('subscriptions on the in-memory etcd', () => subscriptions(memoryEtcdUnderTest));
describeOnEtcd('subscriptions on a real etcd', () => subscriptions(realEtcdUnderTest));
