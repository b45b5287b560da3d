import { beforeEach, expect, test } from 'vitest';
import { KeyLayout } from '../src/key-layout.js';
import { lookUp } from '../src/lookup.js';
import { Waiters } from '../src/patience.js';
import { readerOf } from '../src/prefix-read.js';
import { CategorySelection, type Recall, type SelectionListener } from '../src/selection.js';
import { ServiceUrl } from '../src/url.js';
import { realWorld } from '../src/world.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const [routers, providers] = ['/dubbo/a.B/routers/', '/dubbo/a.B/providers/'];
const url = ServiceUrl.parse('consumer://10.0.0.9/a.B?category=routers,providers');
const layout = new KeyLayout('/dubbo');
let etcd: WatchedPrefixes;
let log: string[];

beforeEach(() => {
  etcd = new WatchedPrefixes();
  log = [];
});

function select(recall?: Recall): CategorySelection {
  const listener: SelectionListener = {
    known: () => log.push('known'),
    settled: (list, isNews) => log.push(`${list.category} settled${isNews ? ' with news' : ''}`),
    stale: (list) => log.push(`${list.category} stale`),
    denied: () => {},
    undecodable: () => {},
    isPending: () => false,
    forgotten: () => {},
  };
  const selection = new CategorySelection(url, layout, etcd.views, listener, recall);
  selection.open();
  return selection;
}

function shown(selection: CategorySelection): readonly string[] {
  return selection
    .lists()
    .map(({ category, size, position }) => `${category} ${size} ${position?.history}@${position?.revision}`);
}

/** Has what those who follow the same were told last told, and remembers nothing else. */
const resuming: Recall = (selection) => {
  log.push(`resumed ${selection.resume()}`);
  return () => log.push('unrecalled');
};

const oneProvider = [keyOf('a.B', 'dubbo://10.0.0.1:1/a.B')];

test('is known when all of its lists are settled at once [SUB-1]', () => {
  select();
  etcd.list(routers, [keyOf('a.B', 'route://0.0.0.0/a.B?category=routers', 'routers')]);
  etcd.wipe(routers);
  etcd.list(providers, []);
  expect(log).toEqual([]);
  etcd.live(routers);
  expect(log).toEqual(['known']);
});

test('tells who comes while the list is protected what the others were told last, once [SUB-7]', () => {
  for (const prefix of [routers, providers]) etcd.views.add(prefix, readerOf({}));
  etcd.list(routers, []);
  etcd.list(providers, oneProvider);
  etcd.wipe(providers);
  const late = select(resuming);
  expect(log.splice(0)).toEqual(['known', 'resumed true']);
  expect(shown(late)).toEqual(['routers 0 0@2', 'providers 1 0@3']);
  etcd.put(providers, ...oneProvider);
  etcd.live(providers);
  expect(shown(late)).toEqual(['routers 0 0@2', 'providers 1 1@5']);
  expect(log).toEqual(['providers settled']);
});

test('tells what the others were told last together with what is remembered of the rest', () => {
  etcd.views.add(providers, readerOf({}));
  etcd.list(providers, oneProvider);
  etcd.stale(providers, 'the link broke');
  const late = select(resuming);
  expect(log).toEqual(['resumed false']);
  late.remember([], { since: 1, reason: 'remembered' });
  expect(log).toEqual(['resumed false', 'unrecalled', 'known']);
  expect(shown(late)).toEqual(['routers 0 0@0', 'providers 1 0@2']);
});

test('looks up what the others were told last while the list is protected or catching up [SUB-7]', async () => {
  const surroundings = {
    engine: {} as never,
    views: etcd.views,
    clock: realWorld.clock,
    select: (asked: ServiceUrl, listener: SelectionListener) =>
      new CategorySelection(asked, layout, etcd.views, listener),
    undecodable: () => {},
    waiters: new Waiters(),
  };
  const found = async (): Promise<readonly string[]> =>
    (await lookUp(url, surroundings, { timeoutMs: 10_000 })).map(String);
  select();
  etcd.list(routers, []);
  etcd.list(providers, oneProvider);
  etcd.wipe(providers);
  expect(await found()).toEqual(['dubbo://10.0.0.1:1/a.B']);
  etcd.put(providers, keyOf('a.B', 'dubbo://10.0.0.2:1/a.B'));
  expect(await found()).toEqual(['dubbo://10.0.0.1:1/a.B']);
  etcd.live(providers);
  expect(await found()).toEqual(['dubbo://10.0.0.2:1/a.B']);
});
