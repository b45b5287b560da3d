/** What the command takes from its process; a test brings its own. */
import type { StdioOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** What a program started by the command gets. */
  readonly childStdio: StdioOptions;
  /** Calls back at each of the signals; returns what ends that. */
  onSignal(handler: (signal: EndingSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

const signals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export function processHost(): Host {
  return {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    childStdio: 'inherit',
    onSignal: (handler) => {
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    exit: (code) => process.exit(code),
  };
}
