/** Watchers that ask for the past. */
import type { IWatchCreateRequest } from 'etcd3';
import { expect, test } from 'vitest';
import type { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import type { WatchResponse } from '../../../src/testing/etcd-core/messages.js';
import { bytes, coreAfter, del, events, put, watching } from './requests.js';

const everything: IWatchCreateRequest = { key: bytes('\0'), range_end: bytes('\0') };

function feed(core: EtcdCore): number {
  let rounds = 0;
  for (; core.anyWatcherBehind; rounds++) core.syncWatchers();
  return rounds;
}

/** A core with `count` puts of one key behind it, at the revisions from 2 on. */
function busy(count: number): EtcdCore {
  return coreAfter(...Array.from({ length: count }, () => put('a')));
}

test('the past comes after "created", in batches of at most 1000 revisions, each under the header of now', () => {
  const core = busy(2500);
  const told = watching(core, { ...everything, start_revision: 2 });
  expect(told.length).toBe(1);
  expect(feed(core)).toBe(3);
  expect(told.slice(1).map((batch) => batch.events.length)).toEqual([1000, 1000, 500]);
  expect(new Set(told.map(({ header }) => header.revision))).toEqual(new Set(['2501']));
});

test('what is written between two batches comes in its turn', () => {
  const core = busy(1500);
  const told = watching(core, { ...everything, start_revision: 2 });
  core.syncWatchers();
  core.txn({ success: [put('z')] });
  expect(told.length).toBe(2);
  core.syncWatchers();
  core.txn({ success: [put('y')] });
  expect(events(told).slice(-2)).toEqual(['put z=v@1502', 'put y=v@1503']);
  expect(told.map(({ header }) => header.revision)).toEqual(['1501', '1501', '1502', '1503']);
});

test('a compacted past is told by created, then canceled with the revision and a header of 0', () => {
  const core = busy(10);
  core.compact({ revision: 6 });
  const told = watching(core, { ...everything, start_revision: 5 });
  feed(core);
  core.txn({ success: [put('a')] });
  expect(told).toMatchObject([
    { created: true, canceled: false, header: { revision: '11' } },
    { created: false, canceled: true, compact_revision: '6', cancel_reason: '', header: { revision: '0' } },
  ]);
  expect(core.watcherCount).toBe(0);
});

test('a watcher whose filters hide everything catches up in as many batches, and may meet a compaction before', () => {
  const core = busy(2500);
  const told = watching(core, { ...everything, start_revision: 2, filters: ['Noput', 'Nodelete'] });
  core.syncWatchers();
  core.compact({ revision: 1001 });
  core.syncWatchers();
  expect(told.length).toBe(1);
  core.compact({ revision: 2500 });
  core.syncWatchers();
  expect(told[1]).toMatchObject({ canceled: true, compact_revision: '2500' });
});

test('a watcher whose past is compacted keeps its id taken until it is cancelled', () => {
  const core = busy(10);
  core.compact({ revision: 6 });
  const told: WatchResponse[] = [];
  const stream = core.openWatchStream((response) => told.push(response));
  stream.receive({ create_request: { ...everything, watch_id: 5, start_revision: 2 } });
  feed(core);
  stream.receive({ create_request: { ...everything, watch_id: 5 } });
  stream.receive({ cancel_request: { watch_id: 5 } });
  stream.receive({ create_request: { ...everything, watch_id: 5 } });
  expect(told.slice(2)).toMatchObject([
    { watch_id: '-1', created: true, canceled: true },
    { watch_id: '5', canceled: true },
    { watch_id: '5', created: true, canceled: false },
  ]);
});

test('at the compacted revision itself, deletes of that revision are lost', () => {
  const core = coreAfter(put('a'), put('b'), del('a'), put('b'));
  core.compact({ revision: 4 });
  const told = watching(core, { ...everything, start_revision: 4 });
  feed(core);
  expect(events(told)).toEqual(['put b=v@5']);
});
