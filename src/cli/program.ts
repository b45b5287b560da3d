/** A program that runs while a command does: started with our terminal, told of our signals, and its exit code is ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Call } from './command.js';
import { exitCodes } from './exit-codes.js';
import type { EndingSignal } from './host.js';

/** How a program ended. */
export type ProgramEnd =
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly how: 'notStarted'; readonly isAbsent: boolean; readonly reason: string };

export class Program {
  readonly #child: ChildProcess;
  readonly #call: Call;
  /** Resolves when it has ended, or could not be started. */
  readonly ended: Promise<ProgramEnd>;

  constructor(call: Call, env: Readonly<Record<string, string>> = {}) {
    const [command = '', ...args] = call.program;
    this.#call = call;
    this.#child = spawn(command, args, { stdio: call.host.childStdio, env: { ...call.host.env, ...env } });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        const reason = `cannot start ${command}: ${error.message}`;
        call.terminal.complain(reason);
        resolve({ how: 'notStarted', isAbsent: error.code === 'ENOENT', reason });
      });
      this.#child.once('exit', (code, signal) => {
        resolve(signal === null ? { how: 'exited', code: code ?? 0 } : { how: 'killed', signal });
      });
    });
  }

  /** Passes a signal on. Ctrl-C is not passed on: the terminal has told the program already. */
  forward(signal: EndingSignal): void {
    if (signal === 'SIGINT' && this.#call.host.stdin.isTTY === true) return;
    this.#child.kill(signal);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** The exit code that a shell would show for it. */
export function ownProgramCode(end: ProgramEnd): number {
  switch (end.how) {
    case 'exited':
      return end.code;
    case 'killed':
      return 128 + constants.signals[end.signal];
    case 'notStarted':
      return end.isAbsent ? exitCodes.noSuchCommand : exitCodes.cannotRun;
  }
}
