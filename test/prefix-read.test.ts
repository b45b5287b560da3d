import { expect, test } from 'vitest';
import { Waiters } from '../src/patience.js';
import { readPrefix } from '../src/prefix-read.js';
import { realWorld } from '../src/world.js';
import { WatchedPrefixes } from './support/watched-prefixes.js';

const prefix = '/dubbo/a.B/x/';

test('reads what changed while the prefix was catching up, in the order of the keys', async () => {
  const etcd = new WatchedPrefixes();
  etcd.views.add(prefix, {
    replaced: () => {},
    changed: () => {},
    settled: () => {},
    stale: () => {},
    denied: () => {},
  });
  etcd.list(prefix, [`${prefix}b`, `${prefix}c`]);
  etcd.stale(prefix, 'the link broke');
  const surroundings = {
    engine: {} as never,
    views: etcd.views,
    clock: realWorld.clock,
    waiters: new Waiters(),
  };
  const read = readPrefix(surroundings, prefix, { doing: 'cannot read', timeoutMs: 10_000 });
  etcd.put(prefix, `${prefix}a`);
  etcd.delete(prefix, `${prefix}b`);
  etcd.live(prefix);
  expect((await read).map(({ key }) => key)).toEqual([`${prefix}a`, `${prefix}c`]);
});
