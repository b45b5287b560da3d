import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShardedMap } from '../../machines/index.js';

const change = fc.tuple(
  fc.integer({ min: 0, max: 40 }).map((number) => `/key/${number}`),
  fc.option(fc.nat(), { nil: undefined }),
);

test('holds what a plain map holds after the same changes, and so does every version before', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 10 }), { maxLength: 10 }), (batches) => {
      const versions = [{ sharded: ShardedMap.empty<number>(), plain: new Map<string, number>() }];
      for (const batch of batches) {
        const { sharded, plain } = versions.at(-1) ?? {
          sharded: ShardedMap.empty<number>(),
          plain: new Map(),
        };
        const next = new Map(plain);
        for (const [key, value] of batch) {
          if (value === undefined) next.delete(key);
          else next.set(key, value);
        }
        versions.push({ sharded: sharded.with(batch), plain: next });
      }
      for (const { sharded, plain } of versions) {
        expect(new Map(sharded)).toEqual(plain);
        expect(sharded.size).toBe(plain.size);
        expect([...sharded.keys()].sort()).toEqual([...plain.keys()].sort());
        expect(new Set(sharded.values())).toEqual(new Set(plain.values()));
        for (const [key, value] of plain) expect([sharded.has(key), sharded.get(key)]).toEqual([true, value]);
      }
    }),
  );
});

test('has nothing for a key that it does not hold', () => {
  const map = ShardedMap.empty<number>().with([['/a', 1]]);
  expect([map.has('/b'), map.get('/b')]).toEqual([false, undefined]);
});

test('is itself again when there is nothing to change', () => {
  const map = ShardedMap.empty<number>().with([['/a', 1]]);
  expect(map.with([])).toBe(map);
});

const rest =
  '%3A20880%2Fcom.acme.Orders%3Fapplication%3Dorders%26methods%3DfindById%2CfindAll%26side%3Dprovider%26timestamp%3D';

test.each([
  ['service', (index: number) => `/dubbo/com.acme.Service${index}/providers/dubbo%3A%2F%2F10.0.0.1${rest}`],
  [
    'host',
    (index: number) =>
      `/dubbo/com.acme.Orders/providers/dubbo%3A%2F%2F10.20.${index >> 8}.${index & 255}${rest}`,
  ],
  [
    'last parameter',
    (index: number) => `/dubbo/com.acme.Orders/providers/dubbo%3A%2F%2F10.0.0.1${rest}${index}`,
  ],
])(
  'spreads keys that differ in their %s over many shards, so that a change copies few of them',
  (_, keyOf) => {
    const keys = Array.from({ length: 2_560 }, (__, index) => keyOf(index));
    const map = ShardedMap.empty<number>().with(keys.map((key, index) => [key, index]));
    const order = [...map.values()];
    // Within a shard the order is that of insertion, so each step back begins another shard.
    const stepsBack = order.filter((value, index) => index > 0 && value < (order[index - 1] ?? 0));
    expect(stepsBack.length).toBeGreaterThan(200);
  },
);

test('is an object in JSON', () => {
  expect(JSON.stringify(ShardedMap.empty<number>().with([['/a', 1]]))).toBe('{"/a":1}');
});
