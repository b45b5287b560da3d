import { expect, test } from 'vitest';
import {
  backupUrls,
  endpointsOf,
  leaseTtlSeconds,
  parseRegistryAddress,
  parseUrl,
  registryCacheKey,
} from '../src/registry-address.js';
import { ServiceUrl } from '../src/url.js';

test.each([
  ['127.0.0.1', 'etcd3://127.0.0.1:2379'],
  ['etcd3://h', 'etcd3://h:2379'],
  ['etcd3://h:0', 'etcd3://h:2379'],
  ['h1, h2:2380', 'etcd3://h1:2379?backup=h2:2380'],
  ['etcd3://h1:1,h2:2,h3?session=5', 'etcd3://h1:1?backup=h2:2,h3&session=5'],
  ['etcd3://h1,h2/p?backup=h3', 'etcd3://h1:2379/p?backup=h2,h3'],
  ['etcd3://u:p@h1,h2', 'etcd3://u:p@h1:2379?backup=h2'],
  ['etcd3://[::1]:2379', 'etcd3://[::1]:2379'],
])('reads the registry address %s', (address, expected) => {
  expect(parseRegistryAddress(address).toFullString()).toBe(expected);
});

test('fills an address from defaults, which yield to what it says', () => {
  const url = parseRegistryAddress('h?session=1', { port: '4', session: '2', username: 'u', timeout: '3' });
  expect(url.toFullString()).toBe('etcd3://u@h:4?session=1&timeout=3');
  expect(parseUrl('h', { port: 'x' })?.port).toBe(9090);
  expect(() => parseUrl('h', { port: '2147483648' })).toThrow(/is not a 32-bit integer/);
});

test.each([
  ['etcd3://0.0.0.0:2379', /"0.0.0.0" stands for every host/],
  ['etcd3://h:2379?anyhost=true', /stands for every host/],
  ['etcd3:///p', /it names no host/],
  ['', /it is empty/],
  ['N/A', /stands for no registry/],
])('refuses %j as a registry address', (address, message) => {
  expect(() => parseRegistryAddress(address)).toThrow(
    expect.objectContaining({ code: 'INVALID_ADDRESS', message: expect.stringMatching(message) }),
  );
});

test('gives every endpoint a scheme and a port', () => {
  expect(endpointsOf('h1, https://h2:1 ,,http://h3,h4:0,[::1],[::1]:5').join(' ')).toBe(
    'http://h1:2379 https://h2:1 http://h3:2379 http://h4:2379 http://[::1]:2379 http://[::1]:5',
  );
});

test('never makes a lease shorter than the session asked for [L13]', () => {
  const ttl = (session: number): number =>
    leaseTtlSeconds(ServiceUrl.parse('etcd3://h').addParameter('session', session));
  expect([1, 999, 1000, 1001, 15_000, 0, -1].map(ttl)).toEqual([1, 1, 1, 2, 15, 30, 30]);
});

test('makes one URL for each backup', () => {
  const url = ServiceUrl.parse('etcd3://h1:1/p?backup=h2:2,h3');
  expect(backupUrls(url).map((each) => each.address)).toEqual(['h1:1', 'h2:2', 'h3:1']);
});

test('shares a registry between addresses that differ in settings only', () => {
  const key = (text: string): string => registryCacheKey(ServiceUrl.parse(text));
  expect(key('etcd3://h:1?session=1')).toBe(key('etcd3://h:1/other?session=2'));
  expect(key('etcd3://h:1?group=a')).not.toBe(key('etcd3://h:1?group=b'));
});
