/** How the adapters find that keys of ours are gone, on the in-memory and on a real etcd. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BatchAnswered, OwnKeysFact, OwnKeysInput, WriteOperation } from '../../machines/index.js';
import { grantLease, readLease } from '../../src/etcd/lease.js';
import { LinkInUse } from '../../src/etcd/link.js';
import { watchOwnKeys } from '../../src/etcd/own-keys.js';
import type { WriteInput } from '../../src/etcd/ports.js';
import { probeCluster } from '../../src/etcd/probe.js';
import type { EtcdSettings } from '../../src/etcd/settings.js';
import { openFence, writeBatches } from '../../src/etcd/writes.js';
import { ask, type Listening, listen } from '../support/ask.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const settings: EtcdSettings = { requestTimeoutMs: 2_000, metaRoot: '/leasehold', root: '/dubbo' };
const [first, second, elsewhere] = ['/dubbo/a/providers/1', '/dubbo/a/providers/2', '/dubbo/b/providers/1'];
let lastLease = randomBytes(6).readUIntBE(0, 6);

function ownKeys(start: () => Promise<EtcdUnderTest>): void {
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
    lastLease += 1;
    leaseId = String(lastLease);
    await ask(grantLease(links), { leaseId, ttlSeconds: 30 });
  });

  const put = (key: string): Promise<unknown> => etcd.control.put(key, '1', { lease: leaseId });

  /** Follows keys that are there, and waits until it does. */
  async function follow(keys: readonly string[]): Promise<Listening<OwnKeysFact>> {
    for (const key of keys) await put(key);
    const flow = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(links), { leaseId, keys });
    await eventually(() => expect(flow.facts).toEqual([{ type: 'ownKeys.opened' }]));
    return flow;
  }

  const deletedIn = (flow: Listening<OwnKeysFact>): readonly string[] =>
    flow.facts.flatMap((fact) => (fact.type === 'ownKeys.deleted' ? fact.keys : []));

  test('tells which of our keys are deleted, and neither puts nor the keys of others', async () => {
    const flow = await follow([first, elsewhere]);
    await put(first);
    await put(second);
    await etcd.control.delete(second);
    await etcd.control.delete(elsewhere);
    await etcd.control.delete(first);
    await eventually(() => expect(deletedIn(flow)).toEqual([elsewhere, first]));
    expect(flow.facts.map(({ type }) => type)).toEqual([
      'ownKeys.opened',
      'ownKeys.deleted',
      'ownKeys.deleted',
    ]);
    flow.close();
  });

  test('follows a key from the revision at which it was written, also into the past', async () => {
    const late = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(links), { leaseId, keys: [] });
    await put(first);
    const revision = await etcd.control.revision();
    await etcd.control.delete(first);
    late.tell({ type: 'ownKeys.written', keys: [first], revision });
    await eventually(() => expect(deletedIn(late)).toEqual([first]));
    late.close();
  });

  test('does not tell of a deletion before the key was written again', async () => {
    const flow = await follow([second]);
    await put(first);
    await etcd.control.delete(first);
    await put(first);
    const revision = await etcd.control.revision();
    flow.tell({ type: 'ownKeys.written', keys: [first], revision });
    await etcd.control.delete(second);
    await eventually(() => expect(deletedIn(flow)).toEqual([second]));
    flow.close();
  });

  test('tells of a deletion that is heard before the answer to the write (fault 44)', async () => {
    const flow = await follow([second]);
    await put(first);
    const revision = await etcd.control.revision();
    await etcd.control.delete(first);
    await etcd.control.delete(second);
    await eventually(() => expect(deletedIn(flow)).toEqual([second]));
    flow.tell({ type: 'ownKeys.written', keys: [first], revision });
    expect(deletedIn(flow)).toEqual([second, first]);
    flow.close();
  });

  test('tells that a key may be gone when it was written before its folder is followed', async () => {
    const flow = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(links), { leaseId, keys: [] });
    await put(first);
    const revision = await etcd.control.revision();
    await etcd.control.delete(first);
    await put(second);
    flow.tell({ type: 'ownKeys.written', keys: [second], revision: await etcd.control.revision() });
    flow.tell({ type: 'ownKeys.written', keys: [first], revision });
    expect(deletedIn(flow)).toEqual([first]);
    flow.close();
  });

  test('follows no key that was withdrawn, and no folder in which none is left', async () => {
    const before = await etcd.watcherCount();
    const flow = await follow([first, elsewhere]);
    await eventually(async () => expect(await etcd.watcherCount()).toBe(before + 3));
    flow.tell({ type: 'ownKeys.withdrawn', keys: [first] });
    await eventually(async () => expect(await etcd.watcherCount()).toBe(before + 2));
    await etcd.control.delete(first);
    await etcd.control.delete(elsewhere);
    await eventually(() => expect(deletedIn(flow)).toEqual([elsewhere]));
    flow.close();
    await eventually(async () => expect(await etcd.watcherCount()).toBe(before));
  });

  test('tells that the fence is gone, with its lease, and follows the fence of the next', async () => {
    await ask(openFence(links), { leaseId });
    const flow = await follow([first]);
    await etcd.control.revokeLease(leaseId);
    await eventually(() =>
      expect(flow.facts.map(({ type }) => type).sort()).toEqual([
        'ownKeys.deleted',
        'ownKeys.fenceDeleted',
        'ownKeys.opened',
      ]),
    );
    flow.tell({ type: 'ownKeys.fenced', leaseId: 'next' });
    await etcd.control.put('/leasehold/fences/next', '0');
    await eventually(async () => {
      await etcd.control.put('/leasehold/fences/next', '0');
      await etcd.control.delete('/leasehold/fences/next');
      expect(flow.facts.filter(({ type }) => type === 'ownKeys.fenceDeleted').length).toBeGreaterThan(1);
    });
    flow.close();
  });

  test('says that it is broken when the revision to begin from was compacted', async () => {
    await put(first);
    const revision = await etcd.control.revision();
    await put(second);
    await put(second);
    await etcd.control.compact(await etcd.control.revision());
    const flow = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(links), { leaseId, keys: [] });
    flow.tell({ type: 'ownKeys.written', keys: [first], revision });
    await eventually(() =>
      expect(flow.facts).toMatchObject([{ type: 'ownKeys.broken', failure: { kind: 'compacted' } }]),
    );
    flow.close();
  });

  test('says that it is broken when a deletion right after the write was compacted', async () => {
    await put(first);
    const revision = await etcd.control.revision();
    await etcd.control.delete(first);
    const deleted = await etcd.control.revision();
    await put(elsewhere);
    await etcd.control.compact(deleted);
    const flow = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(links), { leaseId, keys: [] });
    flow.tell({ type: 'ownKeys.written', keys: [first], revision });
    await eventually(() => expect(flow.facts).toMatchObject([{ type: 'ownKeys.broken' }]));
    flow.close();
  });

  test('says that it is broken without a link', async () => {
    const flow = listen<OwnKeysFact, OwnKeysInput>(watchOwnKeys(new LinkInUse()), { leaseId, keys: [first] });
    await eventually(() =>
      expect(flow.facts).toMatchObject([{ type: 'ownKeys.broken', failure: { kind: 'unreachable' } }]),
    );
    flow.close();
  });

  test('reads which entries without lease are missing or changed, however many they are [REG-4]', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `/dubbo/a/configurators/${index}`);
    await Promise.all(keys.map((key) => etcd.control.put(key, '7')));
    await etcd.control.delete(keys[3] ?? '');
    await etcd.control.put(keys[299] ?? '', 'theirs');
    const before = await etcd.control.revision();
    const unleased = keys.map((key) => ({ key, value: '7' }));
    const { missing } = await ask(readLease(links), { leaseId, unleased });
    expect(missing).toEqual([keys[3], keys[299]]);
    expect(await etcd.control.revision()).toBe(before);
  });

  test('repairs an entry without lease that is absent or changed, and says which a lease of others holds', async () => {
    const stranger = await etcd.control.grantLease(30);
    const keyOf = (name: string): string => `/dubbo/a/configurators/${name}`;
    await etcd.control.put(keyOf('changed'), 'theirs');
    await etcd.control.put(keyOf('leased'), 'theirs', { lease: stranger });
    await etcd.control.put(keyOf('right'), '7');
    const before = await etcd.control.get(keyOf('right'));
    const operations = ['changed', 'leased', 'absent', 'right'].map(
      (name): WriteOperation => ({
        type: 'put',
        key: keyOf(name),
        value: '7',
        leased: false,
        onlyIfFree: true,
      }),
    );
    const batch = { id: 0, operations, versions: new Map(), fenceBump: null };
    const input = { leaseId, fence: null, batches: [batch] };
    const flow = listen<BatchAnswered, WriteInput>(writeBatches(links), input);
    await eventually(() => expect(flow.facts).toHaveLength(1));
    flow.close();
    expect(flow.facts).toMatchObject([{ outcome: { type: 'applied', foreign: [keyOf('leased')] } }]);
    expect(await etcd.control.get(keyOf('right'))).toEqual(before);
    expect(await etcd.control.get(keyOf('changed'))).toMatchObject({ value: '7', lease: '0' });
    expect(await etcd.control.get(keyOf('absent'))).toMatchObject({ value: '7', lease: '0' });
    expect(await etcd.control.get(keyOf('leased'))).toMatchObject({ value: 'theirs', lease: stranger });
  });
}

describe('on the in-memory etcd', () => ownKeys(memoryEtcdUnderTest));
describeOnEtcd('on a real etcd', () => ownKeys(realEtcdUnderTest));
