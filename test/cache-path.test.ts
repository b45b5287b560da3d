import { expect, test } from 'vitest';
import { cachePathOf } from '../src/cache-path.js';
import { resolveOptions } from '../src/options.js';
import { ServiceUrl } from '../src/url.js';

test.each([
  ['etcd3://10.0.0.1:2379', '/home/me/.dubbo/dubbo-registry-null-10.0.0.1:2379.cache'],
  ['etcd3://10.0.0.1:2379?application=shop', '/home/me/.dubbo/dubbo-registry-shop-10.0.0.1:2379.cache'],
  ['etcd3://10.0.0.1:2379?application=../../x', '/home/me/.dubbo/dubbo-registry-..-..-x-10.0.0.1:2379.cache'],
  ['etcd3://10.0.0.1:2379?file=/tmp/f', '/tmp/f'],
  ...['', 'false', 'FALSE', '0', 'null', 'N/A'].map((off) => [
    `etcd3://10.0.0.1:2379?file=${off}`,
    undefined,
  ]),
  ['etcd3://10.0.0.1:2379?file.cache=false', undefined],
])('keeps the cache of %s in %s', (address, expected) => {
  expect(cachePathOf(ServiceUrl.parse(address ?? ''), '/home/me')).toBe(expected);
});

test('takes the path from the options, and false for none', () => {
  expect(resolveOptions({ address: 'h', file: '/tmp/f' }).cachePath).toBe('/tmp/f');
  expect(resolveOptions({ address: 'h', file: false }).cachePath).toBeUndefined();
});
