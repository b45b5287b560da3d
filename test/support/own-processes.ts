/**
 * Child processes that must not outlive this one, with the folders they write to. Whatever ends this process in
 * an orderly way (exit, SIGINT, SIGTERM, SIGHUP) ends them; on Linux the kernel also does after a SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPath } from './programs.js';

const children = new Set<ChildProcess>();
const folders = new Set<string>();
let hooked = false;

/** Starts a program whose output goes to the open file `log`. */
export function spawnOwned(program: string, args: readonly string[], log: number): ChildProcess {
  hookExit();
  const setpriv = process.platform === 'linux' ? onPath('setpriv') : undefined;
  const command = setpriv === undefined ? [program] : [setpriv, '--pdeathsig', 'KILL', program];
  const child = spawn(command[0] ?? program, [...command.slice(1), ...args], {
    stdio: ['ignore', log, log],
  });
  children.add(child);
  const forget = (): void => void children.delete(child);
  child.once('exit', forget);
  child.once('error', forget);
  return child;
}

/** A new folder under the system's temporary folder. */
export function ownFolder(name: string): string {
  hookExit();
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.add(folder);
  return folder;
}

/** Deletes a folder made by {@link ownFolder}. */
export function removeOwnFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function hookExit(): void {
  if (hooked) return;
  hooked = true;
  process.once('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      endAll();
      // Ours was the only listener: what the signal does by itself must still happen.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}
