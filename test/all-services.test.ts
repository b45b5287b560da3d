import { beforeEach, expect, test } from 'vitest';
import { AllServices } from '../src/all-services.js';
import { KeyLayout } from '../src/key-layout.js';
import { ServiceUrl } from '../src/url.js';
import type { UrlList } from '../src/url-list.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const root = '/dubbo/';
const admin =
  'admin://10.0.0.9?interface=*&group=*&version=*&classifier=*&category=providers,consumers,routers,configurators&enabled=*&check=false';
let etcd: WatchedPrefixes;
let log: string[];
let pending: Set<UrlList>;
let unreadable: string[];

beforeEach(() => {
  etcd = new WatchedPrefixes();
  log = [];
  pending = new Set();
  unreadable = [];
});

function select(text = admin): AllServices {
  const services = new AllServices(ServiceUrl.parse(text), new KeyLayout('/dubbo'), etcd.views, {
    known: () => log.push('known'),
    settled: (list, isNews) => {
      if (isNews) log.push(shown(list));
    },
    stale: (list) => log.push(`${list.service} ${list.category} stale`),
    denied: () => {},
    undecodable: (key) => unreadable.push(key),
    isPending: (list) => pending.has(list),
    forgotten: (list) => void pending.delete(list),
  });
  services.open();
  return services;
}

function shown(list: UrlList): string {
  const urls = list.urls().map(({ protocol, host }) => `${protocol} ${host}`);
  return `${list.service} ${list.category}: ${urls.join(', ')}`;
}

function provider(service: string, host: number): string {
  return keyOf(service, `dubbo://10.0.0.${host}:1/${service}`);
}

test('splits one watch of the root per service and category [E4]', () => {
  const services = select();
  etcd.list(root, [
    '/dubbo/a.A',
    provider('a.A', 1),
    provider('b.B', 2),
    keyOf('b.B', 'override://0.0.0.0/b.B?category=configurators', 'configurators'),
  ]);
  expect([...etcd.watched]).toEqual([root]);
  expect(log).toEqual(['known']);
  expect([...services.lists()].map(shown).sort()).toEqual([
    'a.A configurators: empty 10.0.0.9',
    'a.A consumers: empty 10.0.0.9',
    'a.A providers: dubbo 10.0.0.1',
    'a.A routers: empty 10.0.0.9',
    'b.B configurators: override 0.0.0.0',
    'b.B consumers: empty 10.0.0.9',
    'b.B providers: dubbo 10.0.0.2',
    'b.B routers: empty 10.0.0.9',
  ]);
});

test('announces a service when its key, or a key below it, comes first', () => {
  select('admin://10.0.0.9?interface=*&group=*');
  etcd.list(root, []);
  etcd.put(root, '/dubbo/a.A');
  etcd.put(root, provider('a.A', 1));
  etcd.put(root, provider('b.B', 2));
  expect(log).toEqual([
    'known',
    'a.A providers: empty 10.0.0.9',
    'a.A providers: dubbo 10.0.0.1',
    'b.B providers: dubbo 10.0.0.2',
  ]);
});

test('tells a removed service empty, forgets it, and announces it when it is created again [E3]', () => {
  const services = select('admin://10.0.0.9?interface=*');
  etcd.list(root, [provider('a.A', 1)]);
  etcd.delete(root, provider('a.A', 1));
  expect(log).toEqual(['known', 'a.A providers: empty 10.0.0.9']);
  expect([...services.lists()]).toEqual([]);
  etcd.put(root, '/dubbo/a.A');
  expect(log.slice(2)).toEqual(['a.A providers: empty 10.0.0.9']);
});

test('keeps a removed service while somebody has still to be told', () => {
  const services = select('admin://10.0.0.9?interface=*');
  etcd.list(root, [provider('a.A', 1)]);
  pending = new Set(services.lists());
  etcd.delete(root, provider('a.A', 1));
  const before = [...services.lists()];
  etcd.put(root, provider('a.A', 2));
  expect([...services.lists()]).toEqual(before);
  expect(before.map(shown)).toEqual(['a.A providers: dubbo 10.0.0.2']);
});

test('tells only the lists that a change concerns', () => {
  const services = select('admin://10.0.0.9?interface=*');
  etcd.list(root, [provider('a.A', 1), provider('b.B', 1)]);
  const [a, b] = [...services.lists()];
  etcd.put(root, provider('b.B', 2));
  expect([a?.position?.revision, b?.position?.revision]).toEqual(['2', '3']);
});

test('reads the root anew: who went meanwhile is told empty, who came is announced [SUB-3]', () => {
  select('admin://10.0.0.9?interface=*');
  etcd.list(root, [provider('a.A', 1), provider('b.B', 1)]);
  etcd.list(root, [provider('b.B', 1), provider('c.C', 1)]);
  expect(log.slice(1).sort()).toEqual(['a.A providers: empty 10.0.0.9', 'c.C providers: dubbo 10.0.0.1']);
});

test('says of every service that it is stale, and settles every one again', () => {
  const services = select('admin://10.0.0.9?interface=*');
  etcd.list(root, [provider('a.A', 1), provider('b.B', 1)]);
  etcd.stale(root, 'gone');
  expect(log.slice(1)).toEqual(['a.A providers stale', 'b.B providers stale']);
  etcd.live(root);
  expect([...services.lists()].map(({ staleness }) => staleness)).toEqual([undefined, undefined]);
});

test('skips names and keys that are not in the layout, and reports those that cannot be read [E5] [SUB-8]', () => {
  const services = select();
  etcd.list(root, [
    '/dubbo//providers/x',
    '/dubbo/bad%/providers/x',
    provider('a$A', 1),
    '/dubbo/b.B/providers/bad%',
    '/dubbo/b.B/dynamicrouters/x',
    '/dubbo/b.B/providers/deeper/x',
  ]);
  expect([...new Set([...services.lists()].map(({ service }) => service))]).toEqual(['b.B']);
  expect(unreadable).toEqual(['/dubbo/bad%/providers/x', '/dubbo/b.B/providers/bad%']);
});

test('ends with everything derived from it [E1] [E4]', () => {
  const services = select();
  etcd.list(root, [provider('a.A', 1)]);
  services.close();
  expect([...etcd.watched]).toEqual([]);
  etcd.put(root, provider('a.A', 2));
  expect(log).toEqual(['known']);
});

test('tells what is remembered until etcd has answered, and then who of them is gone', () => {
  const services = select('admin://10.0.0.9?interface=*');
  const urls = ['dubbo://10.0.0.1:1/a.A', 'dubbo://10.0.0.2:1/a.A', 'dubbo://10.0.0.1:1/b.B'];
  services.remember(
    urls.map((url) => ServiceUrl.parse(url)),
    { since: 1, reason: 'remembered' },
  );
  expect(log).toEqual(['known']);
  expect([...services.lists()].map((list) => `${shown(list)} ${list.staleness?.reason}`)).toEqual([
    'a.A providers: dubbo 10.0.0.1, dubbo 10.0.0.2 remembered',
    'b.B providers: dubbo 10.0.0.1 remembered',
  ]);
  expect(services.isLive).toBe(false);
  etcd.list(root, [provider('a.A', 1), provider('c.C', 1)]);
  expect(log.slice(1).sort()).toEqual([
    'a.A providers: dubbo 10.0.0.1',
    'b.B providers: empty 10.0.0.9',
    'c.C providers: dubbo 10.0.0.1',
  ]);
  expect([...services.lists()].map(({ service }) => service)).toEqual(['a.A', 'c.C']);
  expect(services.isLive).toBe(true);
});

test('does not tell what is remembered once etcd has said anything', () => {
  const services = select('admin://10.0.0.9?interface=*');
  etcd.list(root, []);
  services.remember([ServiceUrl.parse('dubbo://10.0.0.1:1/a.A')], { since: 1, reason: 'remembered' });
  expect([log, [...services.lists()]]).toEqual([['known'], []]);
});
