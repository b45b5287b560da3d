/** Where a cache file is kept: the file system, or what a test puts in its place. Says what happened, and never retries. */
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RegistryError } from './errors.js';
import { quoted } from './quoted.js';

/** A file as it was read. */
export interface StoredText {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** Trouble is thrown, as the system names it or as INVALID_OPTION. */
export interface FileStore {
  /** The whole text in Latin-1, or undefined where there is no file. */
  read(path: string): Promise<StoredText | undefined>;
  /** Replaces the file: others see the old text or the new one, never a part of either. A read-only one stays. */
  replace(path: string, text: string): Promise<void>;
  /** Removes what processes left that ended in the middle of replacing the file. */
  sweep(path: string): Promise<void>;
}

/** A file above this is not one of ours. */
const sizeMax = 64 * 1024 * 1024;

/** No process takes so long to write its draft, in milliseconds. */
const draftAgeMsMax = 60_000;

let replacements = 0;

/** The file system. */
export const realFiles: FileStore = {
  read: async (path) => {
    const found = await foundAt(path);
    if (found === undefined) return undefined;
    // Reading a pipe would wait for ever.
    if (!found.isFile()) throw unusable(path, 'it is not a file');
    if (found.size > sizeMax) throw unusable(path, `it has ${found.size} bytes, more than ${sizeMax}`);
    return { text: await readFile(path, 'latin1'), modified: Math.round(found.mtimeMs) };
  },
  replace: async (path, text) => {
    await mkdir(dirname(path), { recursive: true });
    const before = await foundAt(path);
    // A rename would not mind, but whoever protected the file meant it.
    if (before !== undefined && (before.mode & 0o222) === 0) throw unusable(path, 'it is read-only');
    replacements += 1;
    const draft = `${path}.${process.pid}.${replacements}.tmp`;
    try {
      // URLs may hold passwords.
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(text, 'latin1');
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  },
  sweep: async (path) => {
    const folder = dirname(path);
    for (const name of await readdir(folder)) {
      const draft = join(folder, name);
      if (!name.startsWith(`${basename(path)}.`) || !/\.\d+\.\d+\.tmp$/.test(name)) continue;
      const found = await foundAt(draft);
      if (found !== undefined && Date.now() - found.mtimeMs > draftAgeMsMax) await rm(draft, { force: true });
    }
  },
};

async function foundAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The error of a path where no cache file of ours can be. */
export function unusable(path: string, reason: string): RegistryError {
  const message = `cannot use cache file ${quoted(path)}: ${reason}; set option 'file' to another path, or to false`;
  return new RegistryError('INVALID_OPTION', message, { option: 'file', reason });
}
