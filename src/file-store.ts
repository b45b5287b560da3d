/** Where a cache file is kept: the file system, or what a test puts in its place. Says what happened, and never retries. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RegistryError } from './errors.js';

export interface StoredText {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export interface FileStore {
  /** The whole text in Latin-1, or undefined where there is no file. */
  read(path: string): Promise<StoredText | undefined>;
  /** Replaces the file: others see the old text or the new one, never a part of either. */
  replace(path: string, text: string): Promise<void>;
}

/** A file above this is not one of ours. */
const sizeMax = 64 * 1024 * 1024;

let replacements = 0;

export const realFiles: FileStore = {
  read: async (path) => {
    try {
      const { size, mtimeMs } = await stat(path);
      if (size > sizeMax) throw tooLarge(path, size);
      return { text: await readFile(path, 'latin1'), modified: Math.round(mtimeMs) };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  replace: async (path, text) => {
    await mkdir(dirname(path), { recursive: true });
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
};

function tooLarge(path: string, size: number): RegistryError {
  const reason = `it has ${size} bytes, more than ${sizeMax}`;
  const message = `cannot read the cache file "${path}": ${reason}; it is not one of ours, delete or move it`;
  return new RegistryError('TOO_LARGE', message, { reason });
}
