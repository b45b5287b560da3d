import { expect, test } from 'vitest';
import { mergedUrls, readCacheText, writeCacheText } from '../src/cache-text.js';
import { ServiceUrl } from '../src/url.js';

const key = 'g1/com.foo.BarService:1.0.0';
const provider = 'dubbo://10.0.0.1:20880/com.foo.BarService?group=g1&version=1.0.0';
const empty = 'empty://10.20.30.41/com.foo.BarService?category=routers&group=g1&version=1.0.0';

function entries(urls: Readonly<Record<string, readonly string[]>>): Map<string, ServiceUrl[]> {
  return new Map(
    Object.entries(urls).map(([name, texts]) => [name, texts.map((url) => ServiceUrl.parse(url))]),
  );
}

function read(text: string): Record<string, readonly string[]> {
  const found = readCacheText(text).entries;
  return Object.fromEntries([...found].map(([name, urls]) => [name, urls.map((url) => url.toFullString())]));
}

/** What Dubbo 2.7.1 does with a cache file: java.util.Properties, then AbstractRegistry.getCacheUrls. */
function readAsDubbo(text: string, serviceKey: string): readonly string[] | undefined {
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') continue;
    let at = 0;
    while (line[at] !== '=') at += line[at] === '\\' ? 2 : 1;
    if (javaUnescaped(line.slice(0, at)) !== serviceKey || !/^[A-Za-z_]/.test(serviceKey)) continue;
    return javaUnescaped(line.slice(at + 1)).split(/\s+/);
  }
  return undefined;
}

function javaUnescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_all, hex: string | undefined, letter: string) =>
    hex === undefined ? letter : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

test('writes what Dubbo reads, under the key that Dubbo asks for', () => {
  const owner = 'dubbo://10.0.0.2:20880/com.foo.BarService?group=g1&owner=张#!&version=1.0.0';
  const text = writeCacheText(entries({ [key]: [empty, provider, owner] }), 'Sun, 22 Nov 2026');
  expect(readAsDubbo(text, key)).toEqual([empty, provider, owner]);
  expect(text.split('\n')[0]).toBe('#Dubbo Registry Cache');
  expect(text).toMatch(/^[\n -~]+$/);
});

test('reads the lines that Dubbo writes', () => {
  const text = [
    '#Dubbo Registry Cache',
    '#Mon Mar 11 10:00:00 CST 2019',
    `g1/com.foo.BarService\\:1.0.0=empty\\://10.20.30.41/com.foo.BarService?category\\=routers&group\\=g1&version\\=1.0.0 dubbo\\://10.0.0.1\\:20880/com.foo.BarService?group\\=g1&version\\=1.0.0`,
    'com.foo.Other=dubbo\\://10.0.0.9\\:1/com.foo.Other?owner\\=\\u5F20',
    '',
  ].join('\n');
  expect(read(text)).toEqual({
    [key]: [empty, provider],
    'com.foo.Other': ['dubbo://10.0.0.9:1/com.foo.Other?owner=张'],
  });
});

test('keeps urls with blanks whole, out of the way of those that Dubbo would tear apart [F6]', () => {
  const blank = 'dubbo://10.0.0.2:20880/com.foo.BarService?group=g1&owner=张 san&version=1.0.0';
  const text = writeCacheText(entries({ [key]: [provider, blank] }), 'now');
  expect(read(text)).toEqual({ [key]: [provider, blank] });
  expect(readAsDubbo(text, key)).toEqual([provider]);
});

test('puts subscriptions to the same service side by side instead of one over the other [F6]', () => {
  const rule = 'override://0.0.0.0/com.foo.BarService?category=configurators&group=g1&version=1.0.0';
  const none = rule.replace('override', 'empty');
  const urls = (...texts: readonly string[]) => texts.map((text) => ServiceUrl.parse(text));
  const merged = mergedUrls([urls(provider, empty), urls(none, empty), urls(rule)]);
  expect(merged.map((url) => url.toFullString())).toEqual([provider, empty, rule]);
});

test.each([
  ['a wrong checksum', (text: string) => text.replace('10.0.0.1', '10.0.0.7'), {}],
  ['its end cut off', (text: string) => text.slice(0, -20), {}],
  ['a malformed escape', () => 'a=\\u00\n', {}],
  ['no text at all', () => '', {}],
  ['binary content', () => '\0\x01\xff=\xfe\n', {}],
  ['something else in it', () => 'timeout=500\nretries=2\n', {}],
  [
    'its last line cut off, by Dubbo',
    () => `a.B=dubbo\\://1.2.3.4\\:1/a.B\nc.D=dubbo\\://1.2.3`,
    { 'a.B': ['dubbo://1.2.3.4:1/a.B'] },
  ],
  [
    'one url of several unreadable',
    () => `a.B=dubbo\\://1.2.3.4\\:1/a.B dubbo\\://1.2.3.4\\:x/a.B\n`,
    { 'a.B': ['dubbo://1.2.3.4:1/a.B'] },
  ],
])('takes what it can of a file with %s, and complains', (title, damage, expected) => {
  const text = damage(writeCacheText(entries({ [key]: [provider] }), 'now'));
  expect(read(text)).toEqual(expected);
  expect(readCacheText(text).complaints.length > 0).toBe(title !== 'no text at all');
});
