/** Java's own Properties read our cache file, and we read one of theirs. Skipped and counted where there is no Java. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCacheText, writeCacheText } from '../src/cache-text.js';
import { ServiceUrl } from '../src/url.js';

const program = fileURLToPath(new URL('support/CacheFileInJava.java', import.meta.url));
/** Running a source file needs the compiler, which is in a JDK alone. */
const hasJdk = spawnSync('javac', ['-version']).status === 0;
const key = 'g1/com.foo.BarService:1.0.0';
const urls = [
  'empty://10.20.30.41/com.foo.BarService?category=routers&group=g1&version=1.0.0',
  'dubbo://10.0.0.1:20880/com.foo.BarService?group=g1&owner=张#!=:\\&version=1.0.0',
  'dubbo://[::1]:20880/com.foo.BarService?group=g1&mood=\u{1f600}&version=1.0.0',
];
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'java-cache-'));
  file = join(folder, 'dubbo-registry-shop-10.0.0.1:2379.cache');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function java(...args: readonly string[]): string {
  return execFileSync('java', [program, ...args], { encoding: 'utf8', timeout: 25_000 });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test.skipIf(!hasJdk)('java.util.Properties loads what we write, under the key that Dubbo asks for', () => {
  const entries = new Map([
    [key, urls.map((url) => ServiceUrl.parse(url))],
    [' odd#key', [ServiceUrl.parse('dubbo://10.0.0.2:1/a.B')]],
  ]);
  writeFileSync(file, writeCacheText(entries, 'Sun, 22 Nov 2026 10:00:00 GMT'), 'latin1');
  const lines = java('read', file).trimEnd().split('\n');
  const read = new Map(
    lines.map(
      (line) => line.split(' ').map((text) => Buffer.from(text, 'base64').toString()) as [string, string],
    ),
  );
  expect(read).toEqual(
    new Map([
      [key, urls.join(' ')],
      [' odd#key', 'dubbo://10.0.0.2:1/a.B'],
    ]),
  );
});

test.skipIf(!hasJdk)('what java.util.Properties stores we read, and take for a cache file', () => {
  java('write', file, base64(key), base64(urls.join(' ')));
  const { entries, complaints, isForeign } = readCacheText(readFileSync(file, 'latin1'));
  expect([complaints, isForeign]).toEqual([[], false]);
  expect([...entries].map(([name, list]) => [name, list.map((url) => url.toFullString())])).toEqual([
    [key, urls],
  ]);
});
