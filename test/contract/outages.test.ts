/**
 * The main job through the main troubles: three URLs registered and one subscription, then something happens to etcd.
 * Each story ends the same way: the same keys under a live lease, and the listener's last view equals etcd's content.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, type ServiceUrl } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const service = 'com.acme.Orders';
const prefix = `/dubbo/${service}/providers/`;
const ours = [1, 2, 3].map((host) => `dubbo://10.0.0.${host}:20880/${service}?version=1.0.0`);
/** Longer than any outage here, so that a lease is lost only where a story is about that. */
const sessionMs = 30_000;
const shortSessionMs = 2_000;

function keyOf(url: string): string {
  return prefix + encodeURIComponent(url);
}

function stories(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let lastView: readonly string[] = [];

  beforeEach(async () => {
    etcd = await start();
    lastView = [];
    await begin(sessionMs);
  });

  afterEach(async () => {
    await registry.close();
    await etcd.stop();
  });

  async function begin(session: number): Promise<void> {
    registry = await createRegistry({ address: etcd.endpoint, sessionMs: session, auditIntervalMs: 1_000 });
    await Promise.all(ours.map((url) => registry.register(url)));
    await registry.subscribe(`consumer://10.0.0.9/${service}?version=1.0.0`, remember);
  }

  function remember(urls: readonly ServiceUrl[]): void {
    lastView = urls.map(String);
  }

  /** The end of every story. */
  async function settled(expected: readonly string[]): Promise<void> {
    await eventually(async () => {
      const entries = await etcd.control.list(prefix);
      expect(entries.map(({ key }) => key)).toEqual(expected.map(keyOf).sort());
      const { leaseId } = registry.status().lease;
      const held = await etcd.control.lease(leaseId ?? '0');
      expect(held?.ttlSeconds).toBeGreaterThan(0);
      expect(held?.keys).toEqual(expect.arrayContaining(ours.map(keyOf)));
      expect([...lastView].sort()).toEqual([...expected].sort());
      expect(registry.status().watchers.map(({ isLive, stale }) => ({ isLive, stale }))).toEqual([
        { isLive: true, stale: null },
      ]);
    });
  }

  async function disconnected(): Promise<void> {
    await eventually(() => expect(registry.status().connection.state).not.toMatch(/^connected/));
  }

  test('registers under a live lease and tells the listener before subscribe resolves [REG-1] [SUB-1]', async () => {
    expect([...lastView].sort()).toEqual(ours);
    await settled(ours);
  });

  test('keeps keys and view through a kill and a restart on the same data [REG-2] [SUB-3]', async () => {
    const { leaseId } = registry.status().lease;
    await etcd.kill();
    await disconnected();
    expect([...lastView].sort()).toEqual(ours);
    expect(registry.status().watchers[0]?.stale).not.toBeNull();
    await etcd.restart();
    await settled(ours);
    expect(registry.status().lease.leaseId).toBe(leaseId);
  });

  test('registers again after a wipe, and never says that nobody is left [REG-2] [SUB-7]', async () => {
    const views: (readonly string[])[] = [];
    await registry.subscribe(`consumer://10.0.0.8/${service}?version=1.0.0`, (urls) =>
      views.push(urls.map(String)),
    );
    await etcd.kill();
    etcd.wipe();
    await etcd.restart();
    await settled(ours);
    await eventually(() => expect([...(views.at(-1) ?? [])].sort()).toEqual(ours));
    expect(views.flat().filter((url) => url.startsWith('empty:'))).toEqual([]);
  });

  test('recovers from a freeze that outlasts the lease [REG-2] [SUB-3]', async () => {
    await registry.close();
    await begin(shortSessionMs);
    const expired = new Promise<void>((resolve) => {
      registry.on('lease', (event) => event.state === 'expired' && resolve());
    });
    await etcd.freeze();
    await expired;
    etcd.thaw();
    await eventually(() => expect(registry.status().lease.generation).toBeGreaterThan(1));
    await settled(ours);
  });

  test('lists again when the revisions it missed were compacted during the outage [SUB-3]', async () => {
    const other = `dubbo://10.0.0.4:20880/${service}?version=1.0.0`;
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await disconnected();
    await etcd.control.put(keyOf(other), '1');
    const revision = await etcd.control.put('/elsewhere', '1');
    await etcd.control.compact(revision);
    await etcd.proxy.startAccepting();
    await settled([...ours, other]);
  });

  test('learns of a provider that came and one that went during the outage [SUB-2] [SUB-3]', async () => {
    const [came, went] = [4, 5].map((host) => `dubbo://10.0.0.${host}:20880/${service}?version=1.0.0`) as [
      string,
      string,
    ];
    await etcd.control.put(keyOf(went), '1');
    await eventually(() => expect(lastView).toContain(went));
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await disconnected();
    await etcd.control.put(keyOf(came), '1');
    await etcd.control.delete(keyOf(went));
    await etcd.proxy.startAccepting();
    await settled([...ours, came]);
  });

  test('notices by itself that the link of a mere consumer has gone silent, and recovers [SUB-3]', async () => {
    const [other, late] = [4, 5].map((host) => `dubbo://10.0.0.${host}:20880/${service}?version=1.0.0`) as [
      string,
      string,
    ];
    const consumer = await createRegistry(etcd.endpoint);
    const states: string[] = [];
    let view: readonly string[] = [];
    await consumer.subscribe(`consumer://10.0.0.7/${service}?version=1.0.0`, (urls) => {
      view = urls.map(String);
    });
    consumer.on('state', ({ machine, to }) => machine === 'connection' && states.push(to));
    await etcd.control.put(keyOf(other), '1');
    await eventually(() => expect(view).toContain(other));
    etcd.proxy.blackHole('both');
    await eventually(() => expect(states).toContain('disconnected'));
    await etcd.control.put(keyOf(late), '1');
    etcd.proxy.heal();
    await eventually(() => expect([...view].sort()).toEqual([...ours, other, late]));
    expect(states[0]).toBe('connected.doubtful');
    await consumer.close();
  });

  test('withdraws when etcd is back what was unregistered while it was away [REG-3]', async () => {
    const [first, second, third] = ours as [string, string, string];
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await disconnected();
    const withdrawn = registry.unregister(first);
    await etcd.proxy.startAccepting();
    await withdrawn;
    expect(await etcd.control.get(keyOf(first))).toBeUndefined();
    await eventually(() => expect([...lastView].sort()).toEqual([second, third]));
  });

  test('says of a withdrawal that a close cuts short whether its key stays [LIFE-1] [REG-4]', async () => {
    const [leased = ''] = ours;
    const forGood = `dubbo://10.0.0.4:20880/${service}?dynamic=false&version=1.0.0`;
    await registry.register(forGood);
    await etcd.kill();
    await disconnected();
    const withdrawals = Promise.allSettled([registry.unregister(leased), registry.unregister(forGood)]);
    await registry.close();
    const [gone, stays] = await withdrawals;
    expect(gone).toMatchObject({ status: 'fulfilled' });
    expect(stays).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
    await etcd.restart();
    expect(await etcd.control.get(keyOf(forGood))).toMatchObject({ lease: '0' });
  });
}

describe('outages of the in-memory etcd', () => stories(memoryEtcdUnderTest));
describeOnEtcd('outages of a real etcd', () => stories(realEtcdUnderTest));
