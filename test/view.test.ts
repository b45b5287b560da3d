import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry, WatcherHubNews } from '../machines/index.js';
import { View, type ViewReader } from '../src/view.js';

const prefix = '/p/';

function entry(name: string): Entry {
  return { key: prefix + name, value: '1', createRevision: '1', modRevision: '1', leaseId: '0' };
}

function listed(names: readonly string[], revision: string, history = 0): WatcherHubNews {
  return { type: 'watcher.listed', prefix, history, revision, entries: names.map(entry) };
}

function put(name: string, revision: string): WatcherHubNews {
  return { type: 'watcher.changed', prefix, revision, changes: [{ type: 'put', ...entry(name) }] };
}

const live: WatcherHubNews = { type: 'watcher.live', prefix };
const stale: WatcherHubNews = { type: 'watcher.stale', prefix, reason: 'gone' };

function reader(log: string[]): ViewReader {
  return {
    replaced: (entries) => log.push(`replaced ${[...entries].map(({ key }) => key).join()}`),
    changed: (changes) => log.push(`changed ${changes.map(({ key }) => key).join()}`),
    settled: ({ history, revision }) => log.push(`settled ${history}/${revision}`),
    stale: ({ reason }) => log.push(`stale ${reason}`),
    denied: ({ message }) => log.push(`denied ${message}`),
  };
}

test('settles only when the watcher is live, so that no mixture is told [SUB-2]', () => {
  const log: string[] = [];
  const view = new View(prefix);
  view.add(reader(log));
  for (const news of [listed(['a'], '5'), live, put('b', '6'), stale, put('c', '7'), live])
    view.apply(news, 1);
  expect(log).toEqual([
    'replaced /p/a',
    'settled 0/5',
    'changed /p/b',
    'settled 0/6',
    'stale gone',
    'changed /p/c',
    'settled 0/7',
  ]);
});

test('keeps its content and says since when it is stale [SUB-7]', () => {
  const view = new View(prefix);
  view.apply(listed(['a'], '5'), 1);
  view.apply(live, 1);
  view.apply(stale, 100);
  view.apply(stale, 200);
  expect(view).toMatchObject({
    size: 1,
    position: { history: 0, revision: '5' },
    stale: { since: 100, reason: 'gone' },
  });
  view.apply(live, 300);
  expect(view.stale).toBeUndefined();
});

test('gives a late reader the present content at once, and calls it settled when it is', () => {
  const log: string[] = [];
  const view = new View(prefix);
  view.apply(listed(['a'], '5'), 1);
  view.apply(live, 1);
  view.add(reader(log));
  expect(log.splice(0)).toEqual(['replaced /p/a', 'settled 0/5']);
  view.apply(stale, 1);
  const late: string[] = [];
  view.add(reader(late));
  expect(late).toEqual(['replaced /p/a', 'stale gone']);
  view.apply(live, 2);
  expect(late).toEqual(['replaced /p/a', 'stale gone', 'settled 0/5']);
});

test('gives a late reader what was settled last while the present content is not, and that when it is [SUB-2] [SUB-7]', () => {
  const view = new View(prefix);
  for (const news of [listed(['a'], '5'), live, stale, listed([], '2', 1), put('b', '3')])
    view.apply(news, 1);
  expect([view.settledAt, view.size]).toEqual([{ history: 0, revision: '5' }, 1]);
  const late: string[] = [];
  view.add(reader(late));
  view.apply(put('c', '4'), 1);
  view.apply(listed(['d'], '7', 1), 1);
  view.apply(put('e', '8'), 1);
  expect(late.splice(0)).toEqual(['replaced /p/a', 'stale gone']);
  view.apply(live, 2);
  view.apply(put('f', '9'), 2);
  expect(late).toEqual(['replaced /p/d,/p/e', 'settled 1/8', 'changed /p/f', 'settled 1/9']);
});

test('tells a late reader that has left nothing when the content is settled', () => {
  const view = new View(prefix);
  for (const news of [listed(['a'], '5'), live, stale, put('b', '6')]) view.apply(news, 1);
  const late: string[] = [];
  const leaving = reader(late);
  view.add(leaving);
  view.remove(leaving);
  for (const news of [listed(['c'], '7'), live]) view.apply(news, 2);
  expect(late).toEqual(['replaced /p/a', 'stale gone']);
});

test('settles every reader with what there is, whenever it came, and never goes back [SUB-2]', () => {
  const step = fc.record({
    kind: fc.constantFrom('stale', 'live', 'list', 'put', 'delete', 'join'),
    name: fc.constantFrom('a', 'b', 'c'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const view = new View(prefix);
      const truth = new Set<string>();
      let isLive = false;
      let settled: string | undefined;
      let revision = 1;
      const shown = (names: Iterable<string>): string => [...names].sort().join();
      const join = (): void => {
        const mine = new Set<string>();
        let last = 0;
        view.add({
          replaced: (entries) => {
            mine.clear();
            for (const { key } of entries) mine.add(key);
          },
          changed: (changes) => {
            for (const { type, key } of changes) {
              if (type === 'put') mine.add(key);
              else mine.delete(key);
            }
          },
          settled: (position) => {
            expect(shown(mine)).toBe(shown(truth));
            expect(Number(position.revision)).toBeGreaterThanOrEqual(last);
            last = Number(position.revision);
          },
          stale: () => {},
          denied: () => {},
        });
        if (settled !== undefined) expect(shown(mine)).toBe(settled);
      };
      view.apply(listed([], '1'), 1);
      for (const { kind, name } of steps) {
        const key = prefix + name;
        if (kind === 'join') join();
        else if (kind === 'stale') view.apply(stale, 1);
        else if (kind === 'live') view.apply(live, 1);
        else {
          revision += 1;
          if (kind === 'list') truth.clear();
          if (kind === 'delete') truth.delete(key);
          else truth.add(key);
          const gone = { type: 'delete', key, modRevision: `${revision}` } as const;
          if (kind === 'list') view.apply(listed([name], `${revision}`), 1);
          else if (kind === 'put') view.apply(put(name, `${revision}`), 1);
          else view.apply({ type: 'watcher.changed', prefix, revision: `${revision}`, changes: [gone] }, 1);
        }
        isLive = kind === 'live' || (isLive && kind !== 'stale' && kind !== 'list');
        if (isLive) settled = shown(truth);
      }
    }),
  );
});

test('tells every reader that the prefix is denied, a late one when etcd has said so again', () => {
  const log: string[] = [];
  const view = new View(prefix);
  const denied = { type: 'watcher.denied', prefix, failure: { kind: 'denied', message: 'no' } } as const;
  view.add(reader(log));
  view.apply(denied, 1);
  expect(log.splice(0)).toEqual(['stale no', 'denied no']);
  view.add(reader(log));
  expect(log).toEqual([]);
  view.apply(denied, 1);
  expect(log).toEqual(['denied no', 'denied no']);
});
