import { beforeEach, expect, test } from 'vitest';
import { KeyLayout } from '../src/key-layout.js';
import { readerOf } from '../src/prefix-read.js';
import { CategorySelection } from '../src/selection.js';
import { ServiceUrl } from '../src/url.js';
import { LatestViews, type RegistryView } from '../src/view-iterator.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const prefix = '/dubbo/a.B/providers/';
let etcd: WatchedPrefixes;
let ended: number;
let moment: { epoch: number; since: number };

beforeEach(() => {
  etcd = new WatchedPrefixes();
  ended = 0;
  moment = { epoch: 1, since: 100 };
});

function key(host: number): string {
  return keyOf('a.B', `dubbo://10.0.0.${host}:1/a.B`);
}

function iterate(text = 'consumer://10.0.0.9/a.B', signal?: AbortSignal): LatestViews {
  const iterator = new LatestViews(ServiceUrl.parse(text), {
    select: (url, listener) => new CategorySelection(url, new KeyLayout('/dubbo'), etcd.views, listener),
    signal,
    now: () => moment,
    undecodable: () => {},
    ended: () => {
      ended += 1;
    },
  });
  iterator.selection.open();
  return iterator;
}

/** A view in one line: what it holds, what came, what went, and why it is stale. */
function shown({ category, urls, added, removed, stale }: RegistryView): string {
  const hosts = (list: RegistryView['urls']): string =>
    list.map(({ host }) => host?.split('.')[3]).join(',') || '-';
  return `${category} ${hosts(urls)} +${hosts(added)} -${hosts(removed)}${stale === undefined ? '' : ` stale: ${stale.reason}`}`;
}

async function next(iterator: LatestViews): Promise<string> {
  const { value, done } = await iterator.next();
  return done === true ? 'done' : shown(value);
}

/** What it gives without waiting for anything new. */
async function orNothing(answer: Promise<string>): Promise<string> {
  return Promise.race([answer, new Promise<string>((resolve) => setImmediate(resolve, 'nothing'))]);
}

test('gives every category once, rules first, then what changed with its difference', async () => {
  const views = iterate('consumer://10.0.0.9/a.B?category=providers,routers');
  etcd.list(prefix, [key(1)]);
  const first = next(views);
  etcd.list('/dubbo/a.B/routers/', []);
  expect([await first, await next(views)]).toEqual(['routers - +- --', 'providers 1 +1 --']);
  etcd.put(prefix, key(2));
  etcd.delete(prefix, key(1));
  expect(await next(views)).toBe('providers 2 +2 -1');
});

test('gives only the latest of a thousand changes, whoever asks late', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  for (let host = 2; host <= 1_000; host += 1) etcd.put(prefix, key(host));
  etcd.delete(prefix, key(1));
  const { value } = await views.next();
  expect(value?.urls).toHaveLength(999);
  expect(value?.added).toHaveLength(999);
  expect(value?.removed).toHaveLength(1);
  expect(value?.revision).toBe('1002');
  expect(await orNothing(next(views))).toBe('nothing');
});

test('gives nothing for what changed and changed back before anybody asked', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  etcd.put(prefix, key(2));
  etcd.delete(prefix, key(2));
  expect(await orNothing(next(views))).toBe('nothing');
});

test('says that a view became stale, and that it is live again', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  etcd.stale(prefix, 'etcd is gone');
  expect(await next(views)).toBe('providers 1 +- -- stale: etcd is gone');
  etcd.live(prefix);
  expect(await next(views)).toBe('providers 1 +- --');
  etcd.stale(prefix, 'etcd is gone');
  etcd.live(prefix);
  expect(await orNothing(next(views))).toBe('nothing');
});

test('does not lose a change that nobody had asked for when the view became stale [SUB-3]', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  etcd.put(prefix, key(2));
  etcd.stale(prefix, 'etcd is gone');
  etcd.live(prefix);
  expect(await next(views)).toBe('providers 1,2 +2 --');
});

test('gives a stale view as it was, not half way to the next revision [SUB-2]', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  etcd.stale(prefix, 'catching up');
  etcd.put(prefix, key(2));
  expect(await next(views)).toBe('providers 1 +- -- stale: catching up');
  expect(await orNothing(next(views))).toBe('nothing');
});

test('gives nothing that was read but is not settled yet [SUB-2]', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  await next(views);
  etcd.put(prefix, key(2));
  etcd.views.handle({ type: 'watcher.stale', prefix, reason: 'gone' });
  await next(views);
  etcd.live(prefix);
  etcd.views.handle({ type: 'watcher.listed', prefix, history: 1, revision: '9', entries: [] });
  const waiting = next(views);
  expect(await orNothing(waiting)).toBe('nothing');
  etcd.live(prefix);
  expect(await waiting).toBe('providers - +- -1,2');
});

test.each([
  ['its signal is aborted', (_: LatestViews, abort: AbortController) => abort.abort()],
  ['it is closed', (views: LatestViews) => views.close()],
  ['the loop is left', (views: LatestViews) => void views.return()],
])('ends, also for who waits already, and stops watching when %s', async (_title, end) => {
  const abort = new AbortController();
  const views = iterate('consumer://10.0.0.9/a.B', abort.signal);
  expect([...etcd.watched]).toEqual([prefix]);
  const waiting = [next(views), next(views)];
  end(views, abort);
  expect(await Promise.all(waiting)).toEqual(['done', 'done']);
  expect(await next(views)).toBe('done');
  expect([...etcd.watched]).toEqual([]);
  expect(ended).toBe(1);
});

test('throws once when etcd does not permit the prefix to be read', async () => {
  const views = iterate();
  etcd.views.handle({ type: 'watcher.denied', prefix, failure: { kind: 'denied', message: 'no' } });
  await expect(views.next()).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    key: '/dubbo/a.B/providers',
  });
  expect(await next(views)).toBe('done');
});

test('says since when a view has been so, and over which link it was heard', async () => {
  const views = iterate();
  etcd.list(prefix, [key(1)]);
  moment = { epoch: 1, since: 200 };
  expect((await views.next()).value).toMatchObject({ epoch: 1, since: 100, stale: undefined });
  etcd.put(prefix, key(2));
  etcd.put(prefix, key(3));
  moment = { epoch: 1, since: 300 };
  expect((await views.next()).value).toMatchObject({ epoch: 1, since: 200 });
  etcd.stale(prefix, 'the link broke');
  const { value } = await views.next();
  expect(value).toMatchObject({ epoch: 1, stale: { reason: 'the link broke' } });
  expect(value?.since).toBe(value?.stale?.since);
  moment = { epoch: 2, since: 400 };
  etcd.live(prefix);
  expect((await views.next()).value).toMatchObject({ epoch: 2, since: 400, stale: undefined });
});

test('leaves nothing behind when one of its categories may not be read, and that was known before it began', async () => {
  const refused = '/dubbo/a.B/configurators/';
  etcd.views.add(refused, readerOf({}));
  etcd.deny(refused);
  const views = iterate('consumer://10.0.0.9/a.B?category=*');
  etcd.deny(refused);
  await expect(views.next()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  expect([...etcd.watched]).toEqual([refused]);
});
