import { beforeEach, expect, test } from 'vitest';
import { KeyLayout } from '../src/key-layout.js';
import { CategorySelection } from '../src/selection.js';
import { ServiceUrl } from '../src/url.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const [routers, providers] = ['/dubbo/a.B/routers/', '/dubbo/a.B/providers/'];
let etcd: WatchedPrefixes;
let log: string[];

beforeEach(() => {
  etcd = new WatchedPrefixes();
  log = [];
});

function select(): CategorySelection {
  const url = ServiceUrl.parse('consumer://10.0.0.9/a.B?category=routers,providers');
  const selection = new CategorySelection(url, new KeyLayout('/dubbo'), etcd.views, {
    known: () => log.push('known'),
    settled: (list) => log.push(`${list.category} settled`),
    stale: (list) => log.push(`${list.category} stale`),
    denied: () => {},
    undecodable: () => {},
    isPending: () => false,
    forgotten: () => {},
  });
  selection.open();
  return selection;
}

test('is known when all of its lists are settled at once [SUB-1]', () => {
  select();
  etcd.list(routers, [keyOf('a.B', 'route://0.0.0.0/a.B?category=routers', 'routers')]);
  etcd.wipe(routers);
  etcd.list(providers, []);
  expect(log).toEqual([]);
  etcd.live(routers);
  expect(log).toEqual(['known']);
});
