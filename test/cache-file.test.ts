import { beforeEach, expect, test } from 'vitest';
import { CacheFile } from '../src/cache-file.js';
import { readCacheText, writeCacheText } from '../src/cache-text.js';
import type { RegistryError } from '../src/errors.js';
import type { FileStore } from '../src/file-store.js';
import { createVirtualClock, type VirtualClock } from '../src/testing/virtual-clock.js';
import { ServiceUrl } from '../src/url.js';
import type { Clock } from '../src/world.js';
import { FileStub } from './support/file-stub.js';

const path = '/home/me/cache';
let clock: VirtualClock;
let files: FileStub;
let known: Map<string, readonly ServiceUrl[]>;
let isComplete: (serviceKey: string) => boolean;
let reported: RegistryError[];

beforeEach(() => {
  clock = createVirtualClock();
  files = new FileStub();
  known = new Map();
  isComplete = () => false;
  reported = [];
});

function open(store: FileStore = files, at = path): CacheFile {
  const time: Clock = {
    setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer as number),
    soon: () => () => {},
    now: () => 0,
  };
  return new CacheFile(at, {
    files: store,
    clock: time,
    collect: () => ({ entries: known, isComplete }),
    report: (error) => reported.push(error),
  });
}

function provider(service: string, host: number): ServiceUrl {
  return ServiceUrl.parse(`dubbo://10.0.0.${host}:1/${service}`);
}

function stored(): Record<string, number> {
  const { entries } = readCacheText(files.texts.get(path) ?? '');
  return Object.fromEntries([...entries].map(([key, urls]) => [key, urls.length]));
}

/** Lets time pass, and what was due then be done. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

test('writes changes of one second together', async () => {
  const cache = open();
  for (let host = 1; host <= 100; host += 1) {
    known.set('a.B', [provider('a.B', host)]);
    cache.changed();
  }
  await pass(999);
  expect(files.attempts).toBe(0);
  await pass(1);
  expect([files.attempts, stored()]).toEqual([1, { 'a.B': 1 }]);
  await pass(60_000);
  expect(files.attempts).toBe(1);
});

test('takes turns with others of the process, so that all that write at one moment are heard [F6]', async () => {
  const closed = ['a.A', 'b.B', 'c.C'].map((service) => {
    known = new Map([[service, [provider(service, 1)]]]);
    const cache = open();
    cache.changed();
    return cache.close();
  });
  await Promise.all(closed);
  expect(stored()).toEqual({ 'a.A': 1, 'b.B': 1, 'c.C': 1 });
});

test('writes a large file less often, at least once a minute, and at once when it is closed', async () => {
  const cache = open();
  for (const [count, ms] of [
    [5_000, 6_000],
    [200_000, 60_000],
  ] as const) {
    known.set(
      'a.B',
      Array.from({ length: count }, () => provider('a.B', 1)),
    );
    cache.changed();
    await pass(60_000);
    const before = files.attempts;
    cache.changed();
    await pass(ms - 1);
    expect(files.attempts).toBe(before);
    await pass(1);
    expect(files.attempts).toBe(before + 1);
  }
  const before = files.attempts;
  cache.changed();
  await cache.close();
  expect(files.attempts).toBe(before + 1);
});

test('tries again after growing delays, four times, and not before the next change after that [F5]', async () => {
  files.failure = new Error('no space left on device');
  const cache = open();
  cache.changed();
  const attempts: number[] = [];
  for (const ms of [1_000, 1_000, 5_000, 25_000, 600_000]) {
    await pass(ms);
    attempts.push(files.attempts);
  }
  expect(attempts).toEqual([1, 2, 3, 4, 4]);
  expect(reported[0]?.message).toContain('no space left on device');
  files.failure = undefined;
  known.set('a.B', [provider('a.B', 1)]);
  cache.changed();
  await pass(1_000);
  expect(stored()).toEqual({ 'a.B': 1 });
});

test('keeps what other processes wrote about other services, and what itself knew before', async () => {
  const one = open();
  const two = open();
  known.set('a.A', [provider('a.A', 1)]);
  one.changed();
  await pass(1_000);
  known = new Map([['b.B', [provider('b.B', 1)]]]);
  two.changed();
  await pass(1_000);
  known = new Map();
  one.changed();
  await pass(1_000);
  expect(stored()).toEqual({ 'a.A': 1, 'b.B': 1 });
});

test('writes what is still to be written when it is closed, and nothing after that', async () => {
  const cache = open();
  known.set('a.B', [provider('a.B', 1)]);
  cache.changed();
  const closed = cache.close();
  known = new Map();
  await closed;
  expect(stored()).toEqual({ 'a.B': 1 });
  await pass(60_000);
  expect(files.attempts).toBe(1);
});

test('remembers who matches the consumer, with the time of the file, and nobody for others', async () => {
  const urls = ['dubbo://10.0.0.1:1/a.B', 'dubbo://10.0.0.2:1/a.B?enabled=false', 'empty://10.0.0.9/a.B'];
  const entries = new Map([['a.B', urls.map((url) => ServiceUrl.parse(url))]]);
  files.texts.set(path, writeCacheText(entries, 'then'));
  const cache = open();
  const found = await cache.remembered(ServiceUrl.parse('consumer://10.0.0.9/a.B'));
  expect(found?.urls.map(String)).toEqual(['dubbo://10.0.0.1:1/a.B']);
  expect(found?.staleness).toMatchObject({ since: 1_000, reason: expect.stringContaining(path) });
  expect(await cache.remembered(ServiceUrl.parse('consumer://10.0.0.9/a.B?version=2'))).toBeUndefined();
});

test('reports a file that cannot be read, and starts without it', async () => {
  files.texts.set(path, 'something\\u00');
  const broken = open();
  expect(await broken.remembered(ServiceUrl.parse('consumer://h/a.B'))).toBeUndefined();
  expect(reported.map(({ option, code }) => `${code} ${option}`)).toEqual(['INVALID_OPTION file']);
  files.read = () => Promise.reject(new Error('EACCES'));
  expect(await open().remembered(ServiceUrl.parse('consumer://h/a.B'))).toBeUndefined();
  expect(reported[1]?.message).toContain('EACCES');
});

test('puts what is known of a category in the place of what was, and leaves the other categories', async () => {
  const rule = ServiceUrl.parse('override://0.0.0.0/a.B?category=configurators');
  files.texts.set(path, writeCacheText(new Map([['a.B', [rule, provider('a.B', 1)]]]), 'then'));
  const cache = open();
  known.set('a.B', [provider('a.B', 2)]);
  cache.changed();
  await pass(1_000);
  const texts = (readCacheText(files.texts.get(path) ?? '').entries.get('a.B') ?? []).map(String);
  expect(texts).toEqual([rule.toString(), provider('a.B', 2).toString()]);
});

test('drops services that are known to be gone, and no others', async () => {
  const before = new Map(['a.A', 'b.B', 'g/c.C'].map((key) => [key, [provider(key, 1)]]));
  files.texts.set(path, writeCacheText(before, 'then'));
  const cache = open();
  known.set('d.D', [provider('d.D', 1)]);
  isComplete = (key) => !key.includes('/');
  cache.changed();
  await pass(1_000);
  expect(stored()).toEqual({ 'd.D': 1, 'g/c.C': 1 });
  known = new Map();
  cache.changed();
  await pass(1_000);
  expect(stored()).toEqual({ 'g/c.C': 1 });
});

test('reports each kind of trouble once, until a write has succeeded', async () => {
  const cache = open();
  const failing = async (code: string): Promise<void> => {
    files.failure = Object.assign(new Error(`${code}, open '${path}.${files.attempts}.tmp'`), { code });
    cache.changed();
    for (const ms of [1_000, 1_000, 5_000, 25_000]) await pass(ms);
  };
  await failing('ENOSPC');
  await failing('EACCES');
  await failing('ENOSPC');
  expect(reported.map(({ message }) => /ENOSPC|EACCES/.exec(message)?.[0])).toEqual(['ENOSPC', 'EACCES']);
  expect(cache.lastError?.message).toContain('ENOSPC');
  files.failure = undefined;
  cache.changed();
  await pass(1_000);
  expect(cache.lastError).toBeUndefined();
  await failing('ENOSPC');
  expect(reported).toHaveLength(3);
});

test.each(['{"mine": true}\n', 'timeout=500\n', '\0\x01binary'])(
  'leaves %j, which is not a cache file, as it is, and says so',
  async (text) => {
    files.texts.set(path, text);
    const cache = open();
    expect(await cache.remembered(ServiceUrl.parse('consumer://h/a.B'))).toBeUndefined();
    known.set('a.B', [provider('a.B', 1)]);
    cache.changed();
    await pass(600_000);
    expect(files.texts.get(path)).toBe(text);
    expect(reported.at(-1)?.message).toContain("somebody else's");
  },
);

test('remembers for interface=* every service of the file that matches, each url once', async () => {
  const mine = ServiceUrl.parse('dubbo://10.0.0.3:1/c.C?group=g');
  const before = new Map([
    ['a.A', [provider('a.A', 1)]],
    ['*/a.A:*', [provider('a.A', 1)]],
    ['g/c.C', [mine]],
  ]);
  files.texts.set(path, writeCacheText(before, 'then'));
  const remembered = async (text: string): Promise<readonly string[]> =>
    ((await open().remembered(ServiceUrl.parse(text)))?.urls ?? []).map(String).sort();
  expect(await remembered('admin://h?interface=*&group=*&version=*')).toEqual([
    provider('a.A', 1).toString(),
    mine.toString(),
  ]);
  expect(await remembered('admin://h?interface=*&group=g')).toEqual([mine.toString()]);
});
