/** Runs the leasehold command: in this process with streams of the test's own, or as a process from the built package. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { EndingSignal } from '../../src/cli/host.js';
import { run } from '../../src/cli/run.js';
import { eventually } from './eventually.js';

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** As if a person sat there. */
  readonly isTTY?: boolean;
}

export interface CommandRun {
  /** Resolves with the exit code. */
  readonly code: Promise<number>;
  out(): string;
  err(): string;
  /** Resolves when stdout and stderr together contain this; with what the pattern captured. */
  says(pattern: RegExp): Promise<string>;
  signal(name: EndingSignal): void;
  type(text: string): void;
  /** The reader of stdout goes away. */
  hangUp(): void;
}

/** Runs to the end in this process. */
export async function command(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const started = startCommand(args, options);
  const code = await started.code;
  return { code, out: started.out(), err: started.err() };
}

export function startCommand(
  args: readonly string[],
  { env = {}, isTTY = false }: RunOptions = {},
): CommandRun {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stdout = collector(isTTY);
  const stderr = collector(isTTY);
  const handlers = new Set<(signal: EndingSignal) => void>();
  const forced: number[] = [];
  const code = run(args, {
    env,
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    childStdio: 'ignore',
    onSignal: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    exit: (given) => forced.push(given),
  }).then((given) => forced[0] ?? given);
  return {
    code,
    out: stdout.text,
    err: stderr.text,
    says: (pattern) => said(() => stdout.text() + stderr.text(), pattern),
    signal: (name) => {
      for (const handler of handlers) handler(name);
    },
    type: (text) => stdin.write(text),
    hangUp: () => stdout.close(),
  };
}

interface Collector {
  readonly stream: Writable & { readonly isTTY: boolean };
  readonly text: () => string;
  readonly close: () => void;
}

function collector(isTTY: boolean): Collector {
  let text = '';
  let isClosed = false;
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (isClosed) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        return;
      }
      text += chunk.toString();
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY }),
    text: () => text,
    close: () => {
      isClosed = true;
    },
  };
}

async function said(text: () => string, pattern: RegExp): Promise<string> {
  await eventually(() => {
    if (!pattern.test(text())) throw new Error(`not said: ${String(pattern)}, but: ${text()}`);
  });
  return pattern.exec(text())?.[1] ?? '';
}

/** The built command. */
export const bin: string = fileURLToPath(new URL('../../dist/src/cli/bin.js', import.meta.url));

/** Starts the built command as a process. */
export function spawnCommand(
  args: readonly string[],
  { env = {} }: RunOptions = {},
): CommandRun & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const code = once(child, 'close').then(([given]) => given as number);
  return {
    child,
    code,
    out: () => out,
    err: () => err,
    says: (pattern) => said(() => out + err, pattern),
    signal: (name) => {
      child.kill(name);
    },
    type: (text) => child.stdin.write(text),
    hangUp: () => child.stdout.destroy(),
  };
}

/** Runs the built command to its end. */
export async function spawned(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const started = spawnCommand(args, options);
  started.child.stdin?.end();
  const code = await started.code;
  return { code, out: started.out(), err: started.err() };
}
