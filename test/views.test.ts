import { expect, test } from 'vitest';
import { readerOf } from '../src/prefix-read.js';
import { keyOf, WatchedPrefixes } from './support/watched-prefixes.js';

const prefix = '/dubbo/a.B/providers/';

test('asks for what etcd denied again when somebody begins to read it, and tells what it says then', () => {
  const etcd = new WatchedPrefixes();
  const log: string[] = [];
  const first = readerOf({ denied: () => log.push('first denied') });
  const late = readerOf({ denied: () => log.push('late denied'), settled: () => log.push('late settled') });
  etcd.views.add(prefix, first);
  etcd.deny(prefix);
  etcd.views.add(prefix, late);
  expect([log, etcd.users(prefix)]).toEqual([['first denied'], 2]);
  etcd.list(prefix, [keyOf('a.B', 'dubbo://10.0.0.1:1/a.B')]);
  expect(log).toEqual(['first denied', 'late settled']);
  etcd.views.remove(prefix, late);
  etcd.views.remove(prefix, late);
  expect(etcd.users(prefix)).toBe(1);
  etcd.views.remove(prefix, first);
  expect(etcd.users(prefix)).toBe(0);
});

test('has nobody resume what may not be read any more, until it may', () => {
  const etcd = new WatchedPrefixes();
  etcd.views.add(prefix, readerOf({}));
  etcd.list(prefix, []);
  etcd.deny(prefix);
  expect(etcd.views.get(prefix)?.settledAt).toBeUndefined();
  etcd.list(prefix, []);
  expect(etcd.views.get(prefix)?.settledAt).toEqual({ history: 0, revision: '3' });
});
