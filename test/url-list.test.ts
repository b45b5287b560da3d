import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry, EntryChange } from '../machines/index.js';
import { ServiceUrl } from '../src/url.js';
import { UrlList } from '../src/url-list.js';

const path = '/dubbo/a.B/providers';

function keyOf(url: string): string {
  return `${path}/${encodeURIComponent(url)}`;
}

function entry(key: string): Entry {
  return { key, value: '1', createRevision: '1', modRevision: '1', leaseId: '0' };
}

function make(consumer: string): { list: UrlList; skipped: string[]; settledCount: () => number } {
  const skipped: string[] = [];
  let count = 0;
  const list = new UrlList(ServiceUrl.parse(consumer), 'providers', path, {
    settled: (_, isNews) => {
      if (isNews) count += 1;
    },
    stale: () => {},
    denied: () => {},
    undecodable: (key) => skipped.push(key),
  });
  return { list, skipped, settledCount: () => count };
}

test('keeps what matches the consumer, in key order, and one empty URL for nobody', () => {
  const { list } = make('consumer://10.0.0.9/a.B?version=1');
  expect(list.urls().map(String)).toEqual(['empty://10.0.0.9/a.B?category=providers&version=1']);
  list.replaced(
    ['dubbo://b:1/a.B?version=1', 'dubbo://c:1/a.B?version=2', 'dubbo://a:1/a.B?version=1'].map((url) =>
      entry(keyOf(url)),
    ),
  );
  expect(list.urls().map(({ address }) => address)).toEqual(['a:1', 'b:1']);
});

test('skips and reports keys it cannot read, and keeps their neighbours [SUB-8]', () => {
  const { list, skipped } = make('consumer://10.0.0.9/a.B');
  const garbage = [
    `${path}/%E0%A4%`,
    keyOf('dubbo://h:port/a.B'),
    `${path}/plain`,
    `${path}/deeper/key`,
    `${path}/\udcff`,
  ];
  list.replaced([...garbage, keyOf('dubbo://a:1/a.B')].map(entry));
  expect(list.urls().map(({ address }) => address)).toEqual(['a:1']);
  expect(skipped).toEqual(garbage.slice(0, 2));
});

test('is news only when the matching URLs changed', () => {
  const { list, settledCount } = make('consumer://10.0.0.9/a.B');
  list.replaced([entry(keyOf('dubbo://a:1/a.B'))]);
  list.settled({ history: 0, revision: '5' });
  list.changed([{ type: 'put', ...entry(keyOf('dubbo://a:1/other')) }]);
  list.settled({ history: 0, revision: '6' });
  list.replaced([entry(keyOf('dubbo://a:1/a.B'))]);
  list.settled({ history: 1, revision: '2' });
  expect(settledCount()).toBe(1);
  expect(list.position).toEqual({ history: 1, revision: '2' });
  list.changed([{ type: 'delete', key: keyOf('dubbo://a:1/a.B'), modRevision: '3' }]);
  list.settled({ history: 1, revision: '3' });
  expect(settledCount()).toBe(2);
});

test('counts what was settled last, as its position says, while etcd has more or less to tell [SUB-7]', () => {
  const { list } = make('consumer://10.0.0.9/a.B');
  const counts: unknown[] = [];
  const count = (): void => void counts.push(`${list.size} at ${list.position?.revision}`);
  list.replaced([entry(keyOf('dubbo://a:1/a.B'))]);
  list.resume({ history: 0, revision: '5' }, { since: 1, reason: 'gone' });
  count();
  list.replaced([]);
  count();
  list.settled({ history: 1, revision: '2' });
  count();
  list.changed([{ type: 'put', ...entry(keyOf('dubbo://b:1/a.B')) }]);
  count();
  list.settled({ history: 1, revision: '3' });
  count();
  expect(counts).toEqual(['1 at 5', '1 at 5', '0 at 2', '0 at 2', '1 at 3']);
});

test('equals a list made anew, whatever changes came [SUB-4]', () => {
  const change = fc.record({ put: fc.boolean(), host: fc.integer({ min: 0, max: 20 }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60, size: 'max' }), (changes) => {
      const { list } = make('consumer://10.0.0.9/a.B');
      const present = new Set<string>();
      for (const { put, host } of changes) {
        const key = keyOf(`dubbo://h${host}:1/a.B`);
        if (put) present.add(key);
        else present.delete(key);
        const event: EntryChange = put
          ? { type: 'put', ...entry(key) }
          : { type: 'delete', key, modRevision: '1' };
        list.changed([event]);
      }
      const { list: anew } = make('consumer://10.0.0.9/a.B');
      anew.replaced([...present].map(entry));
      expect(list.urls().map(String)).toEqual(anew.urls().map(String));
    }),
  );
});
