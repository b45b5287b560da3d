/** What a registry finds out about its keys where it may not read all of them, on the in-memory and on a real etcd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LeaseContent } from '../../machines/index.js';
import { readLease } from '../../src/etcd/lease.js';
import { LinkInUse } from '../../src/etcd/link.js';
import { probeCluster } from '../../src/etcd/probe.js';
import { createRegistry } from '../../src/index.js';
import { startMemoryEtcd } from '../../src/testing/index.js';
import { ask } from '../support/ask.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';
import {
  type GuardedEtcd,
  login,
  startGuardedMemoryEtcd,
  startGuardedRealEtcd,
  testUser,
} from '../support/guarded-etcd.js';
import { describeOnEtcd } from '../support/on-etcd.js';

function unreadable(start: () => Promise<GuardedEtcd>): void {
  const leaseId = '4711';
  const settings = {
    requestTimeoutMs: 2_000,
    metaRoot: '/leasehold',
    root: '/dubbo',
    credentials: { username: 'u', password: 'p' },
  };
  let etcd: GuardedEtcd;
  let links: LinkInUse;

  beforeAll(async () => {
    etcd = await start();
    await using client = new EtcdClient(etcd.endpoint, { token: await login(etcd.endpoint, testUser) });
    await client.lease.leaseGrant({ ID: leaseId, TTL: 600 });
    await client.kv.put({ key: bytes('/dubbo/a'), value: bytes('1'), lease: leaseId });
    await client.kv.put({ key: bytes('/dubbo/b'), value: bytes('2') });
    links = new LinkInUse();
    await ask(probeCluster(links, settings), { endpoint: etcd.endpoint });
  });

  afterAll(async () => {
    links.close();
    await etcd[Symbol.asyncDispose]();
  });

  const read = (...keys: readonly string[]): Promise<LeaseContent> =>
    ask(readLease(links), { leaseId, unleased: keys.map((key) => ({ key, value: '2' })) });

  test('an entry without lease that may not be read hides nothing else, and the refusal is told [REG-2]', async () => {
    const held = { ttlSeconds: expect.any(Number) as number, keys: ['/dubbo/a'] };
    expect(await read('/no/1', '/dubbo/b', '/dubbo/c', '/no/2', '/dubbo/d')).toEqual({
      ...held,
      missing: ['/dubbo/c', '/dubbo/d'],
      failure: { kind: 'denied', message: expect.stringContaining('permission denied') as string },
    });
    expect(await read('/dubbo/b')).toEqual({ ...held, missing: [] });
    // Where hardly anything may be read, not every single entry is asked for.
    const many = Array.from({ length: 100 }, (_, index) => `/no/${index}`);
    const { missing, failure } = await read(...many, '/dubbo/c');
    expect([missing, failure?.kind]).toEqual([[], 'denied']);
  });
}

describe('on the in-memory etcd', () => unreadable(() => startGuardedMemoryEtcd('simple', ['/dubbo/'])));
describeOnEtcd('on a real etcd', () => unreadable(() => startGuardedRealEtcd('simple', ['/dubbo/'])));

test('a key under the lease is put back though one without lease may not be read, which status tells [REG-2]', async () => {
  const etcd = await startMemoryEtcd();
  const registry = await createRegistry({ address: etcd.endpoint.replace('http://', ''), file: false });
  await registry.register('override://0.0.0.0/a.C?category=configurators&dynamic=false');
  const { key } = await registry.register('dubbo://10.0.0.1:20880/a.B');
  const reasons: string[] = [];
  registry.on('state', ({ to, reason }) => {
    if (to === 'unread') reasons.push(reason);
  });
  etcd.deny('/dubbo/a.C/');
  await using client = new EtcdClient(etcd.endpoint);
  await client.kv.deleteRange({ key: bytes(key) });
  await eventually(async () => {
    expect((await client.kv.range({ key: bytes(key) })).count).toBe('1');
    expect(registry.status()).toMatchObject({ auditing: 'unread', auditError: { kind: 'denied' } });
  });
  expect(reasons).toEqual(['etcdserver: permission denied']);
  await registry.close();
  await etcd.stop();
});
