/** `interface=*`: what an admin is told about every service under the root. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type NotificationInfo, type Registry, type ServiceUrl } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const admin = 'admin://10.0.0.9?interface=*&group=*&version=*&classifier=*&category=*&enabled=*&check=false';

/** The latest that a listener was told, by service and category. */
class Told {
  readonly latest = new Map<string, readonly string[]>();
  calls = 0;

  readonly listener = (urls: readonly ServiceUrl[], { service, category }: NotificationInfo): void => {
    this.calls += 1;
    this.latest.set(
      `${service} ${category}`,
      urls.map(({ protocol, host, serviceInterface }) => `${protocol} ${host} ${serviceInterface}`),
    );
  };
}

function everything(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let provider: Registry;

  beforeEach(async () => {
    etcd = await start();
    registry = await createRegistry(etcd.endpoint);
    provider = await createRegistry(etcd.endpoint);
  });

  afterEach(async () => {
    await registry.close();
    await provider.close();
    await etcd.stop();
  });

  test('tells every service and category before subscribe resolves, with one watch and no write [E6] [SUB-1]', async () => {
    await provider.register('dubbo://10.0.0.1:1/a.A');
    await provider.register('dubbo://10.0.0.2:1/b.B?enabled=false&group=g&version=2');
    const before = await etcd.control.revision();
    const told = new Told();
    await registry.subscribe(admin, told.listener);
    expect(Object.fromEntries(told.latest)).toEqual({
      'a.A configurators': ['empty 10.0.0.9 a.A'],
      'a.A routers': ['empty 10.0.0.9 a.A'],
      'a.A consumers': ['empty 10.0.0.9 a.A'],
      'a.A providers': ['dubbo 10.0.0.1 a.A'],
      'b.B configurators': ['empty 10.0.0.9 b.B'],
      'b.B routers': ['empty 10.0.0.9 b.B'],
      'b.B consumers': ['empty 10.0.0.9 b.B'],
      'b.B providers': ['dubbo 10.0.0.2 b.B'],
    });
    expect(registry.status().watchers.map(({ prefix }) => prefix)).toEqual(['/dubbo/']);
    expect(await etcd.control.revision()).toBe(before);
  });

  test('resolves without a call where there is no service, and announces the first', async () => {
    const told = new Told();
    await registry.subscribe(admin, told.listener);
    expect(told.calls).toBe(0);
    await provider.register('dubbo://10.0.0.1:1/a.A');
    await eventually(() => expect(told.latest.get('a.A providers')).toEqual(['dubbo 10.0.0.1 a.A']));
    expect(told.latest.get('a.A routers')).toEqual(['empty 10.0.0.9 a.A']);
  });

  test('announces to each of two listeners what was removed and created again [E3]', async () => {
    const [one, two] = [new Told(), new Told()];
    await registry.subscribe(admin, one.listener);
    const registration = await provider.register('dubbo://10.0.0.1:1/a.A');
    await eventually(() => expect(one.latest.get('a.A providers')).toEqual(['dubbo 10.0.0.1 a.A']));
    await registry.subscribe(admin, two.listener);
    expect(two.latest.get('a.A providers')).toEqual(['dubbo 10.0.0.1 a.A']);
    await registration.close();
    await etcd.control.delete('/dubbo/a.A');
    for (const { latest } of [one, two]) {
      await eventually(() => expect(latest.get('a.A providers')).toEqual(['empty 10.0.0.9 a.A']));
    }
    await provider.register('dubbo://10.0.0.2:1/a.A');
    for (const { latest } of [one, two]) {
      await eventually(() => expect(latest.get('a.A providers')).toEqual(['dubbo 10.0.0.2 a.A']));
    }
  });

  test('ends with everything derived from it when it is unsubscribed [E1] [E2] [E4]', async () => {
    const told = new Told();
    await provider.register('dubbo://10.0.0.1:1/a.A');
    const subscription = await registry.subscribe(admin, told.listener);
    await subscription.close();
    const { calls } = told;
    expect(registry.status()).toMatchObject({ watchers: [], subscriptions: [] });
    await provider.register('dubbo://10.0.0.2:1/b.B');
    await registry.lookup(admin);
    expect(told.calls).toBe(calls);
  });

  test('catches up after an outage with services that came and went [SUB-3]', async () => {
    const gone = await provider.register('dubbo://10.0.0.1:1/a.A');
    const told = new Told();
    await registry.subscribe(admin, told.listener);
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    const withdrawn = gone.close();
    await etcd.control.put(`/dubbo/c.C/providers/${encodeURIComponent('dubbo://10.0.0.3:1/c.C')}`, '1');
    await etcd.proxy.startAccepting();
    await withdrawn;
    await eventually(() => {
      expect(told.latest.get('a.A providers')).toEqual(['empty 10.0.0.9 a.A']);
      expect(told.latest.get('c.C providers')).toEqual(['dubbo 10.0.0.3 c.C']);
    });
  });

  test('does not see the services of another root that begins alike', async () => {
    const other = await createRegistry(`etcd3://${etcd.endpoint}?group=dubbo2`);
    await other.register('dubbo://10.0.0.1:1/a.A');
    expect(await registry.lookup(admin)).toEqual([]);
    expect((await other.lookup(admin)).map(({ host }) => host)).toEqual(['10.0.0.1']);
    await other.close();
  });

  test('iterates over every service', async () => {
    await provider.register('dubbo://10.0.0.1:1/a.A');
    await provider.register('dubbo://10.0.0.2:1/b.B');
    const seen = new Set<string>();
    for await (const { service, urls } of registry.watch('admin://10.0.0.9?interface=*')) {
      seen.add(`${service} ${urls.map(({ host }) => host).join()}`);
      if (seen.size === 2) break;
    }
    expect([...seen].sort()).toEqual(['a.A 10.0.0.1', 'b.B 10.0.0.2']);
    expect(registry.status().watchers).toEqual([]);
  });
}

describe('all services on the in-memory etcd', () => everything(memoryEtcdUnderTest));
describeOnEtcd('all services on a real etcd', () => everything(realEtcdUnderTest));
