/** The tests of Dubbo's EtcdRegistryTest under their names, and the defects of the classes they tested, each refuted. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, ServiceUrl } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const service = 'org.apache.dubbo.internal.test.DemoServie';
const outer = 'org.apache.dubbo.outer.test.OuterDemoServie';
const provider1 = `dubbo://10.0.0.1/${service}?methods=test1,test2`;
const provider2 = `dubbo://10.0.0.1/${service}?methods=test1,test2,test3`;
const provider3 = `dubbo://10.0.0.1/${outer}?methods=test1,test2`;
const consumer = `dubbo://10.0.0.1:2018/${service}?methods=test1,test2`;
const admin =
  'admin://10.0.0.1?interface=*&group=*&version=*&classifier=*&category=providers,consumers,routers,configurators&enabled=*&check=false';

function registryTests(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let calls: (readonly string[])[];
  const listener = (urls: readonly ServiceUrl[]): void => {
    calls.push(urls.map((url) => url.toFullString()));
  };

  beforeAll(async () => {
    etcd = await start();
  });

  beforeEach(async () => {
    calls = [];
    registry = await createRegistry({ address: etcd.endpoint, timeoutMs: 1_000 });
  });

  afterEach(async () => {
    if (registry.isOpen) for (const url of [provider1, provider2, provider3]) await registry.unregister(url);
    await registry.close();
    await etcd.control.deletePrefix('/dubbo');
  });

  afterAll(() => etcd.stop());

  async function keys(): Promise<readonly string[]> {
    return (await etcd.control.list('/dubbo/')).map(({ key }) => decodeURIComponent(key));
  }

  function registered(): readonly string[] {
    return registry.registered().map((url) => url.toFullString());
  }

  test('test_register: has the url among the registered, and in etcd', async () => {
    await registry.register(provider1);
    expect(registered()).toEqual([provider1]);
    expect(await keys()).toEqual([`/dubbo/${service}`, `/dubbo/${service}/providers/${provider1}`]);
  });

  test('test_unregister: has it in neither any more', async () => {
    await registry.register(provider1);
    await registry.unregister(provider1);
    expect(registered()).toEqual([]);
    expect(await keys()).toEqual([`/dubbo/${service}`]);
  });

  test('test_subscribe: tells who is there before subscribe resolves', async () => {
    await registry.register(provider1);
    await registry.subscribe(consumer, listener);
    expect(calls).toEqual([[provider1]]);
    expect(registry.subscribed().map(String)).toEqual([consumer]);
  });

  test('test_subscribe_when_register: tells of an empty category with one empty url, then of who comes', async () => {
    await registry.subscribe(consumer, listener);
    expect(calls).toEqual([[`empty://10.0.0.1:2018/${service}?category=providers&methods=test1,test2`]]);
    await registry.register(provider1);
    await eventually(() => expect(calls.slice(1)).toEqual([[provider1]]));
  });

  test('test_subscribe_when_register0: tells of all who come', async () => {
    await registry.subscribe(consumer, listener);
    await Promise.all([registry.register(provider1), registry.register(provider2)]);
    await eventually(() => expect([...(calls.at(-1) ?? [])].sort()).toEqual([provider1, provider2]));
  });

  test('test_subscribe_when_register1: tells nothing of another service', async () => {
    await registry.subscribe(consumer, listener);
    await registry.register(provider3);
    await registry.register(provider1);
    await eventually(() => expect(calls.slice(1)).toEqual([[provider1]]));
  });

  test('test_subscribe_when_register2: tells an admin of every provider of every service', async () => {
    await registry.subscribe(admin, listener);
    await Promise.all([provider1, provider2, provider3].map((url) => registry.register(url)));
    await eventually(() => {
      const seen = new Set(calls.flat().filter((url) => !url.startsWith('empty:')));
      expect([...seen].sort()).toEqual([provider1, provider2, provider3]);
    });
  });

  test('test_unsubscribe: calls nobody after it, and forgets the listener [E2]', async () => {
    await registry.subscribe(consumer, listener);
    await registry.unsubscribe(consumer, listener);
    const before = calls.length;
    let heard = false;
    await registry.subscribe(consumer, (urls) => {
      heard ||= String(urls) === provider1;
    });
    await registry.register(provider1);
    await eventually(() => expect(heard).toBe(true));
    expect(calls).toHaveLength(before);
    await registry.unsubscribe(consumer, listener);
  });

  test('ignores what was never registered or subscribed', async () => {
    await registry.unregister(
      admin.replace('interface=*', `interface=${service}`).replace(/category=[^&]*&/, ''),
    );
    await registry.unsubscribe(consumer, listener);
    expect(await keys()).toEqual([]);
  });

  test('does not write when it subscribes [E6]', async () => {
    const before = await etcd.control.revision();
    await registry.subscribe(consumer, listener);
    await registry.subscribe(admin, listener);
    expect(await etcd.control.revision()).toBe(before);
  });

  test('leaves the key of a service in etcd for good, written once and in the same transaction as the url [E7]', async () => {
    await registry.register(provider1);
    const first = await etcd.control.get(`/dubbo/${service}`);
    const url = (await etcd.control.list(`/dubbo/${service}/providers/`))[0];
    expect(first?.createRevision).toBe(url?.createRevision);
    await registry.register(provider2);
    await registry.close();
    expect(await etcd.control.get(`/dubbo/${service}`)).toEqual(first);
  });

  test('writes the key of a service whose url ends like a category [E8]', async () => {
    await registry.register(`dubbo://10.0.0.1/${service}?z=configurators`);
    expect(await keys()).toEqual([
      `/dubbo/${service}`,
      `/dubbo/${service}/providers/dubbo://10.0.0.1/${service}?z=configurators`,
    ]);
  });

  test.each([
    ['no interface [E10]', 'dubbo://10.0.0.1:20880'],
    ['a list of categories [E11]', `dubbo://10.0.0.1/${service}?category=providers,routers`],
    ['every category [E11]', `dubbo://10.0.0.1/${service}?category=*`],
    [
      'a value that would be torn apart [E16]',
      ServiceUrl.parse(`dubbo://10.0.0.1/${service}`).addParameter('rule', 'a&b=c'),
    ],
  ])('refuses to register a url with %s', async (_title, url) => {
    await expect(registry.register(url)).rejects.toMatchObject({ code: 'INVALID_URL' });
    expect(await keys()).toEqual([]);
  });

  test('strips a slash from the end of the root [E12]', async () => {
    const other = await createRegistry(`etcd3://${etcd.endpoint}?group=dubbo/`);
    await other.register(provider1);
    expect(await keys()).toContain(`/dubbo/${service}`);
    await other.close();
  });

  test('tells all categories or none: a subscription that is given up leaves no watch behind [E13]', async () => {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await expect(registry.subscribe(`${consumer}&category=*`, listener)).rejects.toThrow();
    expect(calls).toEqual([]);
    expect(registry.status()).toMatchObject({ watchers: [], subscriptions: [] });
    await etcd.proxy.startAccepting();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
  });

  test('ignores a withdrawal of what is not there, whatever its kind [E15]', async () => {
    await registry.unregister(`${provider1}&dynamic=false`);
    await registry.unregister(provider1);
    expect(await keys()).toEqual([]);
  });

  test('goes on trying for longer than any number of retries, and at once when etcd is back [F1] [F2] [F3]', async () => {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.isAvailable()).toBe(false));
    await registry.register(`${provider1}&check=false&retry.times=0&retry.period=3600000`);
    const subscribed = registry.subscribe(`consumer://10.0.0.2/${service}?retry.times=0`, listener);
    await subscribed;
    expect(calls).toEqual([]);
    await etcd.proxy.startAccepting();
    await eventually(async () => expect(await keys()).toHaveLength(2), 5_000);
    await eventually(() => expect(calls.at(-1)?.[0]).toContain('10.0.0.1'));
  });

  test('calls a listener that threw again with the latest list, never with an older one [F4]', async () => {
    const told: string[] = [];
    let isBroken = true;
    registry.on('listenerError', () => {});
    await registry.register(provider1);
    const subscribed = registry.subscribe(consumer, (urls) => {
      if (isBroken) throw new Error('not now');
      told.push(urls.map((url) => url.toFullString()).join(' '));
    });
    await registry.register(provider2);
    await registry.unregister(provider1);
    await subscribed;
    await eventually(async () => expect((await registry.lookup(consumer)).map(String)).toEqual([provider2]));
    isBroken = false;
    await eventually(() => expect(told).toEqual([provider2]));
  });

  test('remembers nothing of a registration that was rejected [F10]', async () => {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await expect(registry.register(provider1)).rejects.toThrow();
    expect(registered()).toEqual([]);
    await etcd.proxy.startAccepting();
    await registry.register(provider2);
    expect(await keys()).toEqual([`/dubbo/${service}`, `/dubbo/${service}/providers/${provider2}`]);
  });
}

describe("Dubbo's tests of its registry on the in-memory etcd", () => registryTests(memoryEtcdUnderTest));
describeOnEtcd("Dubbo's tests of its registry on a real etcd", () => registryTests(realEtcdUnderTest));
