/** Why a command is to end before it is done: a signal, or a reader that went away. The second signal ends the process at once. */
import { exitCodes } from './exit-codes.js';
import type { EndingSignal, Host } from './host.js';

export type EndReason = EndingSignal | 'outputClosed';

const codes: Readonly<Record<EndReason, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
  outputClosed: exitCodes.outputClosed,
};

export class Ending {
  readonly #controller = new AbortController();
  readonly #unhook: () => void;
  readonly #handlers = new Set<(signal: EndingSignal) => void>();
  /** Resolves when the command is to end. */
  readonly asked: Promise<EndReason>;
  #reason: EndReason | undefined;

  constructor(host: Host) {
    this.asked = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve(this.#reason ?? 'SIGTERM'));
    });
    this.#unhook = host.onSignal((signal) => {
      for (const handler of this.#handlers) handler(signal);
      if (this.#handlers.size > 0) return;
      if (this.#reason !== undefined) host.exit(codes[signal]);
      else this.end(signal);
    });
  }

  /** Aborted when the command is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of a command that was ended; undefined for one that was not. */
  get code(): number | undefined {
    return this.#reason === undefined ? undefined : codes[this.#reason];
  }

  end(reason: EndReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort();
  }

  /** From now on signals are the handler's, and end nothing by themselves. Returns what takes that back. */
  handle(handler: (signal: EndingSignal) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  close(): void {
    this.#unhook();
  }
}
