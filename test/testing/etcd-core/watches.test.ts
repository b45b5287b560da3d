import type { IWatchCreateRequest } from 'etcd3';
import { describe, expect, test } from 'vitest';
import { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import type { WatchResponse } from '../../../src/testing/etcd-core/messages.js';
import { bytes, coreAfter, del, events, put, watching } from './requests.js';

const everything: IWatchCreateRequest = { key: bytes('\0'), range_end: bytes('\0') };

function feed(core: EtcdCore): number {
  let rounds = 0;
  for (; core.anyWatcherBehind; rounds++) core.syncWatchers();
  return rounds;
}

describe('following', () => {
  test('without a start revision it tells what comes, after saying it was created', () => {
    const core = coreAfter(put('a'));
    const told = watching(core, everything);
    core.txn({ success: [put('b')] });
    core.txn({ success: [del('a')] });
    expect(told[0]).toMatchObject({
      created: true,
      canceled: false,
      watch_id: '0',
      events: [],
      header: { revision: '2' },
    });
    expect(events(told)).toEqual(['put b=v@3', 'delete a@4']);
  });

  test('only keys of its span count', () => {
    const core = new EtcdCore();
    const told = watching(core, { key: bytes('b'), range_end: bytes('c') });
    for (const key of ['a', 'b', 'b\xff', 'c']) core.txn({ success: [put(key)] });
    expect(events(told)).toEqual(['put b=v@3', 'put b\xff=v@4']);
  });

  test('a start in the future is accepted, and what happens below it is not told', () => {
    const core = coreAfter(put('a'));
    const told = watching(core, { ...everything, start_revision: 5 });
    for (const key of ['b', 'c', 'd']) core.txn({ success: [put(key)] });
    expect(told[0]).toMatchObject({ created: true, header: { revision: '2' } });
    expect(events(told)).toEqual(['put d=v@5']);
  });

  test('previous values are told on request, as long as they are not compacted', () => {
    const core = coreAfter(put('a', '1'), put('a', '2'), put('a', '3'), del('a'));
    core.compact({ revision: 3 });
    const told = watching(core, { ...everything, start_revision: 3, prev_kv: true });
    feed(core);
    const previous = told.flatMap((response) =>
      response.events.map(({ prev_kv }) => prev_kv?.value.toString() ?? null),
    );
    expect(previous).toEqual([null, '2', '3']);
  });

  test('filters hide puts or deletes', () => {
    const core = new EtcdCore();
    const noPuts = watching(core, { ...everything, filters: ['Noput'] });
    const noDeletes = watching(core, { ...everything, filters: ['Nodelete'] });
    core.txn({ success: [put('a')] });
    core.txn({ success: [del('a')] });
    expect([events(noPuts), events(noDeletes)]).toEqual([['delete a@3'], ['put a=v@2']]);
  });
});

describe('a stream of several watchers', () => {
  function stream(core = coreAfter(put('a'))): {
    told: WatchResponse[];
    create: (request: object) => void;
    cancel: (id: string) => void;
  } {
    const told: WatchResponse[] = [];
    const opened = core.openWatchStream((response) => told.push(response));
    return {
      told,
      create: (request) => opened.receive({ create_request: { ...everything, ...request } }),
      cancel: (watch_id) => opened.receive({ cancel_request: { watch_id } }),
    };
  }

  test('ids are given from 0 on, around those the client chose', () => {
    const { told, create } = stream();
    for (const watch_id of [0, 1, 0, 0]) create({ watch_id });
    expect(told.map(({ watch_id }) => watch_id)).toEqual(['0', '1', '2', '3']);
  });

  test('a refused watch is created and canceled as -1, with the reason', () => {
    const { told, create } = stream();
    create({ watch_id: 5 });
    create({ watch_id: 5 });
    create({ key: bytes('b'), range_end: bytes('a') });
    expect(told.slice(1)).toMatchObject([
      {
        watch_id: '-1',
        created: true,
        canceled: true,
        cancel_reason: 'mvcc: duplicate watch ID provided on the WatchStream',
      },
      { watch_id: '-1', created: true, canceled: true, cancel_reason: 'mvcc: watcher range is empty' },
    ]);
  });

  test('cancelling is answered once and frees the id', () => {
    const { told, create, cancel } = stream();
    create({ watch_id: 5 });
    cancel('5');
    cancel('5');
    create({ watch_id: 5 });
    expect(told).toMatchObject([
      { created: true },
      { watch_id: '5', canceled: true, created: false },
      { watch_id: '5', created: true, canceled: false },
    ]);
  });

  test('a closed stream is told nothing', () => {
    const core = new EtcdCore();
    const told: WatchResponse[] = [];
    const opened = core.openWatchStream((response) => told.push(response));
    core.txn({ success: [put('a')] });
    opened.receive({ create_request: everything });
    opened.receive({ create_request: { ...everything, start_revision: 2 } });
    opened.close();
    core.txn({ success: [put('a')] });
    expect(feed(core)).toBe(0);
    expect([told.length, core.watcherCount]).toEqual([2, 0]);
  });
});

describe('progress', () => {
  test('a request is answered as watcher -1 with the revision of now', () => {
    const core = coreAfter(put('a'));
    const told: WatchResponse[] = [];
    core.openWatchStream((response) => told.push(response)).receive({ progress_request: {} });
    expect(told).toMatchObject([
      { watch_id: '-1', created: false, canceled: false, header: { revision: '2' } },
    ]);
  });

  test('an idle watcher that wants it is told every interval; one that was told events is passed by once', () => {
    const core = new EtcdCore({ progressIntervalMs: 1000 });
    const told = watching(core, { key: bytes('a'), progress_notify: true });
    core.txn({ success: [put('other')] });
    core.tick(1000);
    core.txn({ success: [put('a')] });
    core.tick(1000);
    core.tick(1000);
    expect(told.map(({ events: { length }, header }) => `${length}@${header.revision}`)).toEqual([
      '0@1',
      '0@2',
      '1@3',
      '0@3',
    ]);
  });
});

describe('fragments', () => {
  const big = (): EtcdCore => {
    const core = new EtcdCore();
    for (let i = 0; i < 5; i++) core.put({ key: bytes(`big/${i}`), value: Buffer.alloc(900_000) });
    return core;
  };

  test('a long response is cut below two MiB; all parts but the last say so', () => {
    const core = big();
    const told = watching(core, { ...everything, start_revision: 1, fragment: true });
    feed(core);
    expect(told.slice(1).map(({ fragment, events: { length } }) => [length, fragment])).toEqual([
      [2, true],
      [2, true],
      [1, false],
    ]);
  });

  test('who did not ask for fragments gets it whole', () => {
    const core = big();
    const told = watching(core, { ...everything, start_revision: 1 });
    feed(core);
    expect(told.slice(1)).toMatchObject([{ fragment: false, events: { length: 5 } }]);
  });
});
