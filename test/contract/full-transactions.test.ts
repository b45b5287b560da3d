/** Transactions as full as they are planned: etcd also counts the operations inside of those that are guarded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchAnswered, WriteBatch } from '../../machines/index.js';
import type { Registration } from '../../machines/registration.js';
import { planWrites } from '../../machines/write-plan.js';
import { grantLease } from '../../src/etcd/lease.js';
import { LinkInUse } from '../../src/etcd/link.js';
import type { WriteInput } from '../../src/etcd/ports.js';
import { probeCluster } from '../../src/etcd/probe.js';
import type { EtcdSettings } from '../../src/etcd/settings.js';
import { openFence, writeBatches } from '../../src/etcd/writes.js';
import { ask, listen } from '../support/ask.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const settings: EtcdSettings = { requestTimeoutMs: 2_000, metaRoot: '/leasehold', root: '/dubbo' };
const leaseId = '4242';

const attempted = ['41', '40', '39'];
const withdrawing = { state: 'withdrawing', sent: true, leaseId: '42', attempted } as const;
const repairing = { repair: true, leaseId: '42', attempted } as const;

function fullTransactions(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  const links = new LinkInUse();
  let fence: string;

  beforeAll(async () => {
    etcd = await start();
    await ask(probeCluster(links, settings), { endpoint: etcd.endpoint });
    await ask(grantLease(links), { leaseId, ttlSeconds: 60 });
    fence = (await ask(openFence(links), { leaseId })).fence;
  });

  afterAll(async () => {
    links.close();
    await etcd.stop();
  });

  /** The first and fullest transaction for so many entries. */
  function fullest(given: Partial<Registration>, name = ''): WriteBatch {
    const all = Array.from({ length: 130 }, (_, index) => registrationOf(`/dubbo/${name}${index}`, given));
    const dirty = keysOf(...all.map(({ key }) => key)).keys();
    const registrations = registrationsOf(...all);
    const [batch] = planWrites({ registrations, dirty, leaseId, fence, ensured: keysOf() });
    if (batch === undefined) throw new Error('nothing is planned');
    return batch;
  }

  async function write(batch: WriteBatch): Promise<BatchAnswered['outcome'] | undefined> {
    const flow = listen<BatchAnswered, WriteInput>(writeBatches(links), { leaseId, fence, batches: [batch] });
    await eventually(() => expect(flow.facts).toHaveLength(1));
    flow.close();
    return flow.facts[0]?.outcome;
  }

  test.each<readonly [string, Partial<Registration>]>([
    ['new entries', {}],
    ['repairs', repairing],
    ['repairs of entries without lease', { repair: true, leased: false, value: '7' }],
    ['withdrawals', withdrawing],
  ])('etcd takes a full transaction of %s', async (_, given) => {
    expect(await write(fullest(given))).toMatchObject({ type: 'applied' });
  });

  test('etcd takes long keys of which each guard has its own', async () => {
    expect(await write(fullest(repairing, 'x'.repeat(1_800)))).toMatchObject({ type: 'applied' });
  });

  test('etcd takes a full transaction of withdrawals that overtake late writes', async () => {
    const batch = fullest({ ...withdrawing, ambiguous: { fence, version: 0 } });
    expect(batch.retiredFences).toHaveLength(3);
    expect(await write(batch)).toMatchObject({ type: 'applied' });
  });
}

describe('full transactions on the in-memory etcd', () => fullTransactions(memoryEtcdUnderTest));
describeOnEtcd('full transactions on a real etcd', () => fullTransactions(realEtcdUnderTest));
