/** What each adapter promises its machine, on the in-memory and on a real etcd. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { BatchAnswered, WatchFact, WriteBatch, WriteOperation } from '../../machines/index.js';
import { listPrefix, verifyPrefix, watchPrefix } from '../../src/etcd/entries.js';
import { grantLease, readLease, renewLease, revokeLease } from '../../src/etcd/lease.js';
import { LinkInUse } from '../../src/etcd/link.js';
import type { WriteInput } from '../../src/etcd/ports.js';
import { probeCluster } from '../../src/etcd/probe.js';
import type { EtcdSettings } from '../../src/etcd/settings.js';
import { openFence, writeBatches } from '../../src/etcd/writes.js';
import { ask, listen } from '../support/ask.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const settings: EtcdSettings = { requestTimeoutMs: 2_000, metaRoot: '/leasehold', root: '/dubbo' };
let lastLease = randomBytes(6).readUIntBE(0, 6);

function newLeaseId(): string {
  lastLease += 1;
  return String(lastLease);
}

function adapters(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let links: LinkInUse;
  let leaseId: string;

  beforeAll(async () => {
    etcd = await start();
    links = new LinkInUse();
    await ask(probeCluster(links, settings), { endpoint: etcd.endpoint });
  });

  afterAll(async () => {
    links.close();
    await etcd.stop();
  });

  beforeEach(async () => {
    await etcd.control.deletePrefix('/');
    leaseId = newLeaseId();
    await ask(grantLease(links), { leaseId, ttlSeconds: 30 });
  });

  async function write(
    fence: string | null,
    operations: readonly WriteOperation[],
    fenceBump: string | null = null,
  ) {
    const batch: WriteBatch = { id: 0, operations, versions: new Map(), fenceBump };
    const flow = listen<BatchAnswered, WriteInput>(writeBatches(links), { leaseId, fence, batches: [batch] });
    await eventually(() => expect(flow.facts).toHaveLength(1));
    flow.close();
    return flow.facts[0]?.outcome;
  }

  const put: WriteOperation = { type: 'put', key: '/dubbo/a', value: null, leased: true, onlyIfFree: false };

  test('grants the lease whose id we chose, and takes a repeated grant as done', async () => {
    const again = await ask(grantLease(links), { leaseId, ttlSeconds: 30 });
    expect(again.ttlSeconds).toBe(30);
    expect(await etcd.control.leases()).toContain(leaseId);
  });

  test('renews a lease, and answers TTL 0 for one that etcd does not know', async () => {
    expect((await ask(renewLease(links), { leaseId })).ttlSeconds).toBe(30);
    expect((await ask(renewLease(links), { leaseId: newLeaseId() })).ttlSeconds).toBe(0);
  });

  test('revokes a lease, and is content when it is gone already', async () => {
    await ask(revokeLease(links), { leaseId });
    await ask(revokeLease(links), { leaseId });
    expect(await etcd.control.leases()).not.toContain(leaseId);
  });

  test('revokes a lease that was granted after nobody wanted it any more', async () => {
    const unwanted = newLeaseId();
    const actor = createActor(grantLease(links), { input: { leaseId: unwanted, ttlSeconds: 30 } }).start();
    actor.stop();
    // The grant was sent before it was given up; behind a later answer it has been applied.
    await ask(renewLease(links), { leaseId });
    await eventually(async () => expect(await etcd.control.leases()).not.toContain(unwanted));
  });

  test('reads what lies under a lease, without our own fence', async () => {
    const { fence } = await ask(openFence(links), { leaseId });
    await write(fence, [put]);
    const content = await ask(readLease(links), { leaseId, unleased: [] });
    expect(content).toEqual({ ttlSeconds: expect.any(Number), keys: ['/dubbo/a'], missing: [] });
    const unknown = await ask(readLease(links), { leaseId: newLeaseId(), unleased: [] });
    expect(unknown.ttlSeconds).toBeLessThanOrEqual(0);
  });

  test('opens a fence once, and writes the sentinel once', async () => {
    const first = await ask(openFence(links), { leaseId });
    const again = await ask(openFence(links), { leaseId });
    expect(again).toEqual(first);
    const probed = await ask(probeCluster(new LinkInUse(), settings), { endpoint: etcd.endpoint });
    expect(probed.sentinel).toBe(first.sentinel);
  });

  test('writes under the lease with the lease id as value, and without lease as told [REG-4]', async () => {
    const { fence } = await ask(openFence(links), { leaseId });
    const outcome = await write(fence, [
      { type: 'ensure', key: '/dubbo/svc', value: '7' },
      { type: 'put', key: '/dubbo/svc/providers/a', value: null, leased: true, onlyIfFree: false },
      { type: 'put', key: '/dubbo/svc/configurators/b', value: '42', leased: false, onlyIfFree: false },
    ]);
    expect(outcome).toMatchObject({ type: 'applied', foreign: [] });
    expect(await etcd.control.get('/dubbo/svc')).toMatchObject({ value: '7', lease: '0' });
    expect(await etcd.control.get('/dubbo/svc/providers/a')).toMatchObject({
      value: leaseId,
      lease: leaseId,
    });
    expect(await etcd.control.get('/dubbo/svc/configurators/b')).toMatchObject({ value: '42', lease: '0' });
  });

  test('leaves a key alone that is to be written only if it is absent', async () => {
    await etcd.control.put('/dubbo/svc', 'theirs');
    const { fence } = await ask(openFence(links), { leaseId });
    await write(fence, [{ type: 'ensure', key: '/dubbo/svc', value: 'ours' }]);
    expect(await etcd.control.get('/dubbo/svc')).toMatchObject({ value: 'theirs' });
  });

  test('applies nothing when the fence has moved, and says where it is', async () => {
    const { fence } = await ask(openFence(links), { leaseId });
    expect(await write(fence, [], '1')).toMatchObject({ type: 'applied' });
    expect(await write(fence, [put])).toEqual({ type: 'fenced', fence: '1' });
    expect(await etcd.control.get('/dubbo/a')).toBeUndefined();
    expect(await write('1', [put])).toMatchObject({ type: 'applied' });
  });

  test('applies nothing when the fence is gone', async () => {
    expect(await write('0', [put])).toEqual({ type: 'fenced', fence: null });
    expect(await etcd.control.get('/dubbo/a')).toBeUndefined();
  });

  test('applies nothing that compared a fence which is gone when another is opened in its place', async () => {
    const { fence } = await ask(openFence(links), { leaseId });
    await etcd.control.deletePrefix('/leasehold/fences/');
    const { fence: another } = await ask(openFence(links), { leaseId });
    expect(await write(fence, [put])).toEqual({ type: 'fenced', fence: another });
    expect(await etcd.control.get('/dubbo/a')).toBeUndefined();
  });

  test('deletes a key under one of our leases, and no other', async () => {
    const stranger = await etcd.control.grantLease(30);
    await etcd.control.put('/dubbo/theirs', '1', { lease: stranger });
    await etcd.control.put('/dubbo/nobodys', '1');
    const { fence } = await ask(openFence(links), { leaseId });
    await write(fence, [{ type: 'put', key: '/dubbo/ours', value: null, leased: true, onlyIfFree: false }]);
    const owners = [newLeaseId(), leaseId];
    const outcome = await write(
      fence,
      ['ours', 'theirs', 'nobodys', 'absent'].map((name) => ({
        type: 'delete',
        key: `/dubbo/${name}`,
        owners,
        value: null,
      })),
    );
    expect(outcome).toMatchObject({ type: 'applied', foreign: ['/dubbo/theirs', '/dubbo/nobodys'] });
    expect((await etcd.control.list('/dubbo/')).map(({ key }) => key)).toEqual([
      '/dubbo/nobodys',
      '/dubbo/theirs',
    ]);
  });

  test('deletes a key without lease only while it has the value we wrote', async () => {
    await etcd.control.put('/dubbo/kept', 'changed');
    await etcd.control.put('/dubbo/gone', 'ours');
    const outcome = await write(
      null,
      ['kept', 'gone'].map((name) => ({ type: 'delete', key: `/dubbo/${name}`, owners: [], value: 'ours' })),
    );
    expect(outcome).toMatchObject({ type: 'applied', foreign: ['/dubbo/kept'] });
    expect((await etcd.control.list('/dubbo/')).map(({ key }) => key)).toEqual(['/dubbo/kept']);
  });

  test('repairs a key that is absent, without lease or under one of ours, and none that somebody else holds', async () => {
    const [stranger, former] = [await etcd.control.grantLease(30), await etcd.control.grantLease(30)];
    await etcd.control.put('/dubbo/theirs', '1', { lease: stranger });
    await etcd.control.put('/dubbo/former', '1', { lease: former });
    await etcd.control.put('/dubbo/immortal', '1');
    const repair = { ...put, onlyIfFree: true, formerLeases: [former] };
    const { fence } = await ask(openFence(links), { leaseId });
    const outcome = await write(
      fence,
      ['theirs', 'immortal', 'absent', 'former'].map((name) => ({ ...repair, key: `/dubbo/${name}` })),
    );
    expect(outcome).toMatchObject({ type: 'applied', foreign: ['/dubbo/theirs'] });
    expect(await etcd.control.get('/dubbo/theirs')).toMatchObject({ lease: stranger });
    for (const name of ['immortal', 'absent', 'former'])
      expect(await etcd.control.get(`/dubbo/${name}`)).toMatchObject({ lease: leaseId });
  });

  test('reports a lost lease and a transaction that is too large as failures', async () => {
    const { fence } = await ask(openFence(links), { leaseId });
    const large = 'x'.repeat(1_600_000);
    expect(
      await write(fence, [{ type: 'put', key: '/a', value: large, leased: true, onlyIfFree: false }]),
    ).toMatchObject({
      type: 'failed',
      failure: { kind: 'tooLarge' },
    });
    await etcd.control.revokeLease(leaseId);
    const orphan: WriteOperation = { type: 'put', key: '/a', value: null, leased: true, onlyIfFree: false };
    expect(await write(null, [orphan])).toMatchObject({ type: 'failed', failure: { kind: 'leaseLost' } });
  });

  test('lists a prefix of several pages at one revision, and not its neighbours', async () => {
    const writes = Array.from({ length: 20 }, (_, page) => page);
    for (const page of writes) {
      await write(
        null,
        Array.from({ length: 120 }, (_, index) => ({
          type: 'put',
          key: `/dubbo/p/${String(page * 120 + index).padStart(5, '0')}`,
          value: 'v',
          leased: false,
          onlyIfFree: false,
        })),
      );
    }
    await etcd.control.put('/dubbo/p2/x', '1');
    const listing = await ask(listPrefix(links), { prefix: '/dubbo/p/' });
    expect(listing.entries).toHaveLength(2_400);
    expect(listing.entries.map(({ key }) => key)).toEqual(listing.entries.map(({ key }) => key).sort());
    expect(listing.revision).toBe(await etcd.control.revision());
  });

  test('verifies how many keys there are, and how many changed since a revision', async () => {
    await etcd.control.put('/dubbo/p/a', '1');
    const revision = await etcd.control.put('/dubbo/p/b', '1');
    await etcd.control.put('/dubbo/p/b', '2');
    await etcd.control.put('/elsewhere', '1');
    const found = await ask(verifyPrefix(links), { prefix: '/dubbo/p/', revision });
    expect(found).toEqual({ revision, changedCount: 1, totalCount: 2 });
  });

  test('follows a prefix from a revision on, each revision whole and in order [SUB-2]', async () => {
    const revision = await etcd.control.put('/dubbo/p/before', '1');
    await etcd.control.put('/dubbo/p/missed', '1');
    const flow = listen<WatchFact, { prefix: string; fromRevision: string }>(watchPrefix(links), {
      prefix: '/dubbo/p/',
      fromRevision: (BigInt(revision) + 1n).toString(),
    });
    await eventually(() => expect(flow.facts.some(({ type }) => type === 'watch.changed')).toBe(true));
    await etcd.control.put('/dubbo/p2/neighbour', '1');
    await etcd.control.delete('/dubbo/p/missed');
    await eventually(() => expect(flow.facts.filter(({ type }) => type === 'watch.changed')).toHaveLength(2));
    flow.close();
    await etcd.control.put('/dubbo/p/after', '1');
    await ask(renewLease(links), { leaseId });
    expect(flow.facts).toMatchObject([
      { type: 'watch.created' },
      { type: 'watch.changed', changes: [{ type: 'put', key: '/dubbo/p/missed', value: '1' }] },
      { type: 'watch.changed', changes: [{ type: 'delete', key: '/dubbo/p/missed' }] },
    ]);
  });

  test('joins the fragments of one revision, however large', async () => {
    const flow = listen<WatchFact, { prefix: string; fromRevision: string }>(watchPrefix(links), {
      prefix: '/dubbo/p/',
      fromRevision: (BigInt(await etcd.control.revision()) + 1n).toString(),
    });
    const value = 'x'.repeat(9_000);
    const operations = Array.from({ length: 110 }, (_, index) => index);
    for (const part of [0, 1, 2, 3]) {
      await write(
        null,
        operations.map((index) => ({
          type: 'put',
          key: `/dubbo/p/${part}-${index}`,
          value,
          leased: true,
          onlyIfFree: false,
        })),
      );
    }
    await etcd.control.revokeLease(leaseId);
    await eventually(() => {
      const changes = flow.facts.flatMap((fact) => (fact.type === 'watch.changed' ? fact.changes : []));
      expect(changes).toHaveLength(880);
    });
    flow.close();
    const last = flow.facts.at(-1);
    expect(last?.type === 'watch.changed' && last.changes.length).toBe(440);
  });

  test('says that the revision it was asked to follow from is compacted [W10]', async () => {
    const revision = await etcd.control.put('/dubbo/p/a', '1');
    const head = await etcd.control.put('/dubbo/p/a', '2');
    await etcd.control.compact(head);
    const flow = listen<WatchFact, { prefix: string; fromRevision: string }>(watchPrefix(links), {
      prefix: '/dubbo/p/',
      fromRevision: revision,
    });
    await eventually(() =>
      expect(flow.facts.at(-1)).toEqual({ type: 'watch.compacted', compactRevision: head }),
    );
    flow.close();
  });
}

describe('adapters on the in-memory etcd', () => adapters(memoryEtcdUnderTest));
describeOnEtcd('adapters on a real etcd', () => adapters(realEtcdUnderTest));
