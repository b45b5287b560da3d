import fc from 'fast-check';
import { expect, test } from 'vitest';
import { childOf, KeyLayout, rootOf } from '../src/key-layout.js';
import { ServiceUrl } from '../src/url.js';
import { urlOfChild } from '../src/url-match.js';
import { dubboPaths } from './support/dubbo-2-7-1.js';
import { carriedUrl } from './support/url-arbitraries.js';

const layout = new KeyLayout('/dubbo');
const parse = (text: string): ServiceUrl => ServiceUrl.parse(text);

const placeableUrl = carriedUrl
  .map((url) => url.withServiceInterface('com.acme.Orders').removeParameter('category'))
  .filter((url) => !/[*,/]/.test(url.category));

test('leads from key to URL to the same key', () => {
  fc.assert(
    fc.property(placeableUrl, fc.constantFrom('/dubbo', '/a/b'), (url, root) => {
      const at = new KeyLayout(root);
      const key = at.urlPath(url);
      const parts = at.parseKey(key);
      expect(parts?.service).toBe(url.serviceInterface);
      expect(parts?.category).toBe('providers');
      const reread = urlOfChild(parts?.name ?? '');
      expect(reread?.equals(url)).toBe(true);
      expect(reread && at.urlPath(reread)).toBe(key);
    }),
    { numRuns: 500 },
  );
});

test('writes the keys Dubbo writes', () => {
  fc.assert(
    fc.property(placeableUrl, (url) => {
      expect(layout.urlPath(url)).toBe(dubboPaths(null, url).urlPath);
    }),
  );
});

test('takes apart the keys of its own root only, and only those of URLs', () => {
  expect(layout.parseKey('/dubbo/com.acme.%E4%B8%AD/routers/route%3A%2F%2Fh')).toEqual({
    service: 'com.acme.中',
    category: 'routers',
    name: 'route%3A%2F%2Fh',
  });
  const noUrls = '/dubbo /dubbo/ /dubbo/s /dubbo/s/providers /dubbo/s/providers/ /dubbo/s/providers/x/y';
  const foreign =
    '/dubbo2/s/providers/x /dubbo//providers/x /dubbo/s//x /dubbo/bad%/providers/x dubbo/s/providers/x';
  for (const key of `${noUrls} ${foreign}`.split(' ')) {
    expect([key, layout.parseKey(key)]).toEqual([key, undefined]);
  }
});

test('finds the service key by depth, whatever a path ends in [E8]', () => {
  const service = '/dubbo/s';
  for (const path of [
    '/dubbo/s/providers',
    '/dubbo/s/dynamicrouters',
    '/dubbo/s/metadata/x',
    '/dubbo/s/x/y/z',
  ]) {
    expect(layout.serviceKeyAbove(path)).toBe(service);
  }
  // The encoded text of this URL ends in a category word, which makes Dubbo create the category key instead.
  const url = parse('override://0.0.0.0/s?category=configurators');
  expect(layout.serviceKeyAbove(layout.urlPath(url))).toBe(service);
  for (const path of [
    '/dubbo',
    '/dubbo/my-providers',
    '/dubbo2/s/providers',
    '/providers/x',
    '/dubbo//providers',
  ]) {
    expect([path, layout.serviceKeyAbove(path)]).toEqual([path, undefined]);
  }
});

test('refuses a URL without an interface [E10]', () => {
  for (const text of ['dubbo://h:1', 'dubbo://h:1/', 'dubbo://h:1?interface=']) {
    expect(() => layout.urlPath(parse(text))).toThrow(/it names no interface/);
    expect(() => layout.categoryPaths(parse(text))).toThrow(/it names no interface/);
  }
});

test('refuses to register under several categories, or for all services [E11]', () => {
  const admin = 'admin://h?interface=*&category=providers,consumers';
  expect(() => layout.urlPath(parse(admin))).toThrow(/"providers,consumers" is not one category/);
  expect(() => layout.urlPath(parse('dubbo://h/s?category=*'))).toThrow(/"\*" is not one category/);
  expect(() => layout.urlPath(parse('dubbo://h/s?category=a/b'))).toThrow(/"a\/b" is not one category/);
  expect(() => layout.urlPath(parse('dubbo://h/s?interface=*'))).toThrow(/stands for all services/);
  expect(layout.servicePath(parse(admin))).toBe('/dubbo');
});

test('puts one slash in front of a root and none behind it [E12]', () => {
  for (const root of ['dubbo', '/dubbo', '/dubbo/', 'dubbo//'])
    expect(new KeyLayout(root).root).toBe('/dubbo');
  for (const root of ['', '/', '//']) expect(() => new KeyLayout(root)).toThrow(/name a group/);
});

test('refuses a URL that a reader of its key would see otherwise [E16]', () => {
  const url = parse('dubbo://h:1/s');
  expect(() => layout.urlPath(url.addParameter('rule', 'a&b'))).toThrow(
    /parameter "rule" would be read as "a"/,
  );
  expect(layout.urlPath(url.addParameterAndEncoded('rule', 'a&b'))).toMatch(/rule%3Da%2526b$/);
  expect(() => layout.urlPath(url.addParameter('owner', '\ud83d'))).toThrow(/half of a surrogate pair/);
  expect(() => layout.urlPath(parse('h:1/s'))).toThrow(/it names no protocol/);
  expect(() => layout.urlPath(parse('dubbo://h:1/s?group= g'))).toThrow(
    /parameter "group" would be read as "g"/,
  );
});

test('names the paths of a subscription in the order it lists its categories', () => {
  expect(layout.categoryPaths(parse('consumer://h/s?category=routers, providers'))).toEqual([
    '/dubbo/s/routers',
    '/dubbo/s/providers',
  ]);
  expect(layout.categories(parse('consumer://h/s?category=*')).join()).toBe(
    'providers,consumers,routers,configurators',
  );
});

test('reads the root from the group of a registry URL', () => {
  expect(rootOf(parse('etcd3://h'))).toBe('/dubbo');
  expect(rootOf(parse('etcd3://h?group=g1'))).toBe('/g1');
  expect(rootOf(parse('etcd3://h?group=/a/b'))).toBe('/a/b');
});

test('sees no child of another prefix', () => {
  expect(childOf('/dubbo', '/dubbo2/s')).toBeUndefined();
  expect(childOf('/dubbo', '/dubbo/s')).toBe('s');
});
