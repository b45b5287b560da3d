/** Files as they are and as they fail: fault by fault what a cache file can meet on a disk. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realFiles } from '../src/file-store.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cache-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('replaces the file as a whole, so that readers never see a part, and leaves no draft behind [F6]', async () => {
  const file = join(folder, 'deep', 'cache');
  const lines = (letter: string): string => `${letter.repeat(100_000)}\n`;
  await realFiles.replace(file, lines('a'));
  let isOver = false;
  const seen = new Set<string>();
  const reading = (async () => {
    while (!isOver) {
      const { text } = (await realFiles.read(file)) ?? { text: 'absent' };
      seen.add(`${text.length} ${new Set(text).size}`);
    }
  })();
  // As two processes would.
  await Promise.all(['b', 'c', 'd', 'e'].map((letter) => realFiles.replace(file, lines(letter))));
  isOver = true;
  await reading;
  expect([...seen]).toEqual(['100001 2']);
  expect(readdirSync(join(folder, 'deep'))).toEqual(['cache']);
});

test('reports a place where no file can be, and leaves what is there alone', async () => {
  writeFileSync(join(folder, 'file'), 'mine');
  await expect(realFiles.replace(join(folder, 'file', 'cache'), 'x')).rejects.toThrow();
  await expect(realFiles.read(folder)).rejects.toThrow();
  expect(await realFiles.read(join(folder, 'absent'))).toBeUndefined();
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
});

test('leaves a read-only file as it is, although its folder could be written', async () => {
  const file = join(folder, 'cache');
  writeFileSync(file, 'protected');
  chmodSync(file, 0o444);
  await expect(realFiles.replace(file, 'x')).rejects.toThrow('it is read-only');
  expect(readFileSync(file, 'utf8')).toBe('protected');
  expect(readdirSync(folder)).toEqual(['cache']);
});

test('fails in a folder where nothing can be written, whoever asks', async () => {
  // The kernel's own file system refuses new files even to root.
  const place = existsSync('/sys/kernel') ? '/sys/kernel/cache' : join(folder, 'file', 'cache');
  writeFileSync(join(folder, 'file'), '');
  await expect(realFiles.replace(place, 'x')).rejects.toThrow();
  expect(await realFiles.read(place).catch(() => undefined)).toBeUndefined();
});

const hasPipes = spawnSync('mkfifo', ['--version']).status === 0;

test.skipIf(!hasPipes)('does not wait for a pipe, and does not read a folder', async () => {
  const pipe = join(folder, 'pipe');
  spawnSync('mkfifo', [pipe]);
  await expect(realFiles.read(pipe)).rejects.toThrow('it is not a file');
  await expect(realFiles.read(folder)).rejects.toThrow('it is not a file');
});

test('lets others neither read nor write what it wrote', async () => {
  const file = join(folder, 'cache');
  await realFiles.replace(file, 'x');
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('sweeps away what a process left that was killed while writing, and nothing else', async () => {
  const names = ['cache', 'cache.4711.3.tmp', 'cache.4711.4.tmp', 'cache.tmp', 'other.4711.3.tmp'];
  for (const name of names) writeFileSync(join(folder, name), 'x');
  const longAgo = new Date('2020-01-01');
  for (const name of names) if (name !== 'cache.4711.4.tmp') utimesSync(join(folder, name), longAgo, longAgo);
  await realFiles.sweep(join(folder, 'cache'));
  expect(readdirSync(folder).sort()).toEqual(names.filter((name) => name !== 'cache.4711.3.tmp'));
});

/** A file system of 64 KiB; mounting one takes root. */
function mountSmall(at: string): boolean {
  mkdirSync(at);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at]).status === 0;
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && hasCapability();

function hasCapability(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'mount-'));
  const isMounted = mountSmall(join(at, 'disk'));
  if (isMounted) spawnSync('umount', [join(at, 'disk')]);
  rmSync(at, { recursive: true, force: true });
  return isMounted;
}

test.skipIf(!canMount)('keeps the old file when the disk is full, and leaves no draft on it', async () => {
  const disk = join(folder, 'disk');
  expect(mountSmall(disk)).toBe(true);
  try {
    const file = join(disk, 'cache');
    await realFiles.replace(file, 'old');
    await expect(realFiles.replace(file, 'x'.repeat(200_000))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(readdirSync(disk)).toEqual(['cache']);
    expect(readFileSync(file, 'utf8')).toBe('old');
    await realFiles.replace(file, 'new');
    expect(readFileSync(file, 'utf8')).toBe('new');
  } finally {
    spawnSync('umount', [disk]);
  }
});
