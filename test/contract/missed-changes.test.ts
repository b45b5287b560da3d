/**
 * What changes while nobody watches: between a listing and its watch, and without a link. When it is compacted at once, etcd
 * before 3.4.34 forgets a deletion, and tells a watch that starts right at it neither the deletion nor that anything is
 * missing (etcd issue 18089).
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Actor, createActor } from 'xstate';
import {
  type Listing,
  request,
  type Verification,
  type WatcherNews,
  watcherMachine,
} from '../../machines/index.js';
import { listPrefix, verifyPrefix, watchPrefix } from '../../src/etcd/entries.js';
import { LinkInUse } from '../../src/etcd/link.js';
import { probeCluster } from '../../src/etcd/probe.js';
import { ask } from '../support/ask.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const prefix = '/dubbo/missed/providers/';
const settings = { requestTimeoutMs: 2_000, metaRoot: '/leasehold', root: '/dubbo' };

function missedChanges(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let links: LinkInUse;
  let watcher: Actor<typeof watcherMachine> | undefined;
  /** What a listener would know. */
  const copy = new Set<string>();

  beforeAll(async () => {
    etcd = await start();
    links = new LinkInUse();
    await ask(probeCluster(links, settings), { endpoint: etcd.endpoint });
  });

  beforeEach(async () => {
    copy.clear();
    await etcd.control.deletePrefix(prefix);
    for (const name of ['a', 'b']) await etcd.control.put(prefix + name, '1');
  });

  afterEach(() => {
    watcher?.stop();
  });

  afterAll(async () => {
    links.close();
    await etcd.stop();
  });

  async function deleteAndCompact(name: string): Promise<void> {
    await etcd.control.delete(prefix + name);
    const next = await etcd.control.put('/elsewhere', '1');
    await etcd.control.compact((BigInt(next) - 1n).toString());
  }

  function learn(news: WatcherNews): void {
    if (news.type === 'watcher.listed') {
      copy.clear();
      for (const { key } of news.entries) copy.add(key);
    } else if (news.type === 'watcher.changed') {
      for (const change of news.changes) {
        if (change.type === 'put') copy.add(change.key);
        else copy.delete(change.key);
      }
    }
  }

  /** Follows the prefix; `afterListing` happens between the answer to the first listing and its arrival. */
  function follow(afterListing?: () => Promise<void>): Actor<typeof watcherMachine> {
    let isFirst = true;
    const actors = {
      listPrefix: request<Listing, { readonly prefix: string }>(async ({ input }) => {
        const found = await ask(listPrefix(links), input);
        if (isFirst) await afterListing?.();
        isFirst = false;
        return found;
      }),
      verifyPrefix: request<Verification, { readonly prefix: string; readonly revision: string }>(
        ({ input }) => ask(verifyPrefix(links), input),
      ),
      watchPrefix: watchPrefix(links),
    };
    const input = { prefix, link: { epoch: 1, history: 0 } };
    watcher = createActor(watcherMachine.provide({ actors }), { input });
    watcher.on('*', learn);
    return watcher.start();
  }

  test('hears of what changed between a listing and its watch [W1]', async () => {
    follow(async () => {
      await etcd.control.delete(`${prefix}a`);
      await etcd.control.put(`${prefix}c`, '1');
    });
    await eventually(() => expect([...copy]).toEqual([`${prefix}b`, `${prefix}c`]));
  });

  test('hears of a deletion between a listing and its watch that was compacted at once', async () => {
    follow(() => deleteAndCompact('a'));
    await eventually(() => expect([...copy]).toEqual([`${prefix}b`]));
  });

  test('hears of a deletion without a link that was compacted at once, in the same history', async () => {
    const actor = follow();
    await eventually(() => expect(copy.size).toBe(2));
    actor.send({ type: 'connection.down', reason: 'a test' });
    await deleteAndCompact('b');
    actor.send({ type: 'connection.up', epoch: 2, history: 0, endpoint: etcd.endpoint });
    await eventually(() => expect([...copy]).toEqual([`${prefix}a`]));
    expect(actor.getSnapshot().context.history).toBe(0);
  });
}

describe('changes that nobody watched, in-memory etcd', () => missedChanges(memoryEtcdUnderTest));
describeOnEtcd('changes that nobody watched, real etcd', () => missedChanges(realEtcdUnderTest));
