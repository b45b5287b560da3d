/** What a registration promises beyond the outages: persistence, withdrawal for good, company, and a second endpoint. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, type RegistryOptions } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startProxy } from '../support/proxy.js';

const service = 'com.acme.Orders';
const provider = `dubbo://10.0.0.1:20880/${service}`;
const providerKey = `/dubbo/${service}/providers/${encodeURIComponent(provider)}`;

function registrations(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  const opened: Registry[] = [];

  beforeEach(async () => {
    etcd = await start();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((registry) => registry.close()));
    await etcd.stop();
  });

  async function open(options: RegistryOptions = {}): Promise<Registry> {
    const registry = await createRegistry({ address: etcd.endpoint, sessionMs: 3_000, ...options });
    opened.push(registry);
    return registry;
  }

  test('writes a URL with dynamic=false without lease, and leaves it there at close [REG-4]', async () => {
    const url = `override://0.0.0.0/${service}?category=configurators&dynamic=false&timeout=1000`;
    const registry = await open();
    await registry.register(url);
    await registry.close();
    const [entry, ...others] = await etcd.control.list(`/dubbo/${service}/configurators/`);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ key: expect.stringContaining(encodeURIComponent(url)), lease: '0' });
    const again = await open();
    await again.register(url);
    await again.unregister(url);
    expect(await etcd.control.list(`/dubbo/${service}/configurators/`)).toEqual([]);
  });

  test('does not let a write that arrives late bring back what was withdrawn [REG-3]', async () => {
    const registry = await open({ requestTimeoutMs: 300 });
    await registry.register(`dubbo://10.0.0.2:20880/${service}`);
    etcd.proxy.blackHole('up');
    const registered = registry
      .register(`${provider}?check=false`)
      .then(() => registry.unregister(`${provider}?check=false`));
    await eventually(() =>
      expect(registry.status().registrations.some(({ attempts }) => attempts > 0)).toBe(true),
    );
    etcd.proxy.heal();
    await registered;
    const prefix = `/dubbo/${service}/providers/`;
    expect((await etcd.control.list(prefix)).map(({ key }) => key)).toHaveLength(1);
    await registry.register(`dubbo://10.0.0.3:20880/${service}`);
    expect((await etcd.control.list(prefix)).map(({ key }) => key)).toHaveLength(2);
  });

  test('keeps one key for equal URLs of one process until the last is withdrawn', async () => {
    const registry = await open();
    const [first, second] = [await registry.register(provider), await registry.register(provider)];
    await first.close();
    expect(await etcd.control.get(providerKey)).toBeDefined();
    await second.close();
    expect(await etcd.control.get(providerKey)).toBeUndefined();
  });

  test('puts back a key that somebody deleted, or took the lease from, with the next audit [REG-2]', async () => {
    const registry = await open({ auditIntervalMs: 300 });
    await registry.register(provider);
    await etcd.control.delete(providerKey);
    await eventually(async () => expect(await etcd.control.get(providerKey)).toBeDefined());
    await etcd.control.put(providerKey, 'immortal');
    await eventually(async () =>
      expect(await etcd.control.get(providerKey)).toMatchObject({ lease: registry.status().lease.leaseId }),
    );
  });

  test('leaves a key to the process that took it over, and has it again when that withdraws [REG-6]', async () => {
    const [ours, theirs] = [await open({ auditIntervalMs: 300 }), await open({ auditIntervalMs: 300 })];
    const conflicted = new Promise<readonly string[]>((resolve) => {
      ours.on('registration', ({ state, keys }) => state === 'conflicted' && resolve(keys));
    });
    await ours.register(provider);
    await theirs.register(provider);
    expect(await conflicted).toEqual([providerKey]);
    expect(await etcd.control.get(providerKey)).toMatchObject({ lease: theirs.status().lease.leaseId });
    await theirs.unregister(provider);
    await eventually(async () =>
      expect(await etcd.control.get(providerKey)).toMatchObject({ lease: ours.status().lease.leaseId }),
    );
    await ours.unregister(provider);
    expect(await etcd.control.get(providerKey)).toBeUndefined();
  });

  test('takes a key over by registering it, the first time and again [REG-1] [REG-6]', async () => {
    const [ours, theirs] = [await open({ auditIntervalMs: 300 }), await open({ auditIntervalMs: 300 })];
    for (const registry of [ours, theirs, ours, theirs]) {
      await registry.register(provider);
      expect(await etcd.control.get(providerKey)).toMatchObject({ lease: registry.status().lease.leaseId });
      const others = registry === ours ? theirs : ours;
      const isLeft = () =>
        others.status().registrations.every(({ lastError }) => lastError?.kind === 'conflict');
      await eventually(() => expect(isLeft()).toBe(true));
    }
  });

  test('moves to another endpoint when the one in use dies [LIFE-5]', async () => {
    const second = await startProxy(etcd.proxy.endpoint);
    const registry = await open({ address: `${etcd.endpoint},${second.endpoint.replace('http://', '')}` });
    second.retarget(etcd.direct);
    await registry.register(provider);
    const first = registry.status().connection.endpoint;
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => {
      const { endpoint, state } = registry.status().connection;
      expect([state, endpoint === first]).toEqual(['connected', false]);
    });
    await registry.register(`dubbo://10.0.0.2:20880/${service}`);
    await registry.close();
    second.close();
  });

  test('rejects a registration that is withdrawn while it waits, and keeps a later one of the same URL', async () => {
    const registry = await open({ timeoutMs: 1_000 });
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.status().connection.state).not.toMatch(/^connected/));
    const first = registry.register(provider);
    await Promise.resolve();
    const withdrawn = registry.unregister(provider);
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    const second = registry.register(provider);
    await etcd.proxy.startAccepting();
    await Promise.all([withdrawn, second]);
    await registry.register(`dubbo://10.0.0.2:20880/${service}`);
    expect(await etcd.control.get(providerKey)).toBeDefined();
    expect(registry.status().registrations).toHaveLength(2);
  });

  test('lets a second unregister wait for the first [REG-3]', async () => {
    const registry = await open();
    await registry.register(provider);
    const first = registry.unregister(provider);
    await registry.unregister(provider);
    expect(await etcd.control.get(providerKey)).toBeUndefined();
    await first;
  });

  test('withdraws a URL with dynamic=false even when the registry is closed in the same turn, or says that it stays [REG-3]', async () => {
    const url = `override://0.0.0.0/${service}?category=configurators&dynamic=false`;
    const registry = await open();
    await registry.register(url);
    const withdrawn = registry.unregister(url);
    await Promise.all([withdrawn, registry.close()]);
    expect(await etcd.control.list(`/dubbo/${service}/configurators/`)).toEqual([]);
    const away = await open();
    await away.register(url);
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    const [outcome] = await Promise.allSettled([away.unregister(url), away.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
  });

  test('says why nothing was written when the deadline passes', async () => {
    const registry = await open({ timeoutMs: 600 });
    await registry.register(provider);
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await expect(registry.register(`dubbo://10.0.0.2:20880/${service}`)).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  test('goes on without a login where etcd asks for none', async () => {
    const registry = await open({ username: 'root', password: 'secret' });
    await registry.register(provider);
    expect(JSON.stringify(registry.status())).not.toContain('secret');
  });

  test('is not disturbed by an observer that throws [SEE-3]', async () => {
    const registry = await open();
    const errors: unknown[] = [];
    registry.on('listenerError', (error) => errors.push(error));
    registry.on('state', () => {
      throw new Error('looked too closely');
    });
    await registry.register(provider);
    await registry.unregister(provider);
    expect(errors[0]).toMatchObject({ message: 'looked too closely' });
    expect(registry.status()).toMatchObject({ state: 'running', publishing: 'idle', registrations: [] });
  });

  test('shows every registration, watcher and subscription as plain JSON, and no password [SEE-1] [SEE-3]', async () => {
    const registry = await open();
    const events: unknown[] = [];
    registry.on('registration', (event) => events.push(event));
    await registry.register(`dubbo://user:sEcret@10.0.0.1:20880/${service}`);
    expect(JSON.stringify([registry.status(), events])).not.toContain('sEcret');
    await registry.unregister(`dubbo://user:sEcret@10.0.0.1:20880/${service}`);
    await registry.register(provider);
    await registry.subscribe(`consumer://10.0.0.9/${service}`, () => {});
    const status = registry.status();
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    expect(status).toMatchObject({
      state: 'running',
      connection: { state: 'connected', epoch: 1, history: 0, lastError: null },
      lease: { state: 'alive', generation: 1 },
      publishing: 'idle',
      registrations: [{ key: providerKey, state: 'written', isLeased: true, attempts: 0, lastError: null }],
      watchers: [
        { prefix: `/dubbo/${service}/providers/`, state: 'watching', isLive: true, keyCount: 1, stale: null },
      ],
      subscriptions: [
        { url: `consumer://10.0.0.9/${service}`, categories: [{ category: 'providers', providerCount: 1 }] },
      ],
    });
  });
}

describe('registrations on the in-memory etcd', () => registrations(memoryEtcdUnderTest));
describeOnEtcd('registrations on a real etcd', () => registrations(realEtcdUnderTest));
