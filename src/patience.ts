/** Waiting for an answer as every call does it: until it comes, the deadline passes, or the caller's signal is aborted. */
import type { RegistryError } from './errors.js';
import { abortError } from './failure-error.js';
import type { Clock } from './world.js';

export interface Patience {
  readonly clock: Clock;
  /** What the call was doing, for the error: `cannot …`. */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
  /** Without it there is no deadline. */
  readonly timeoutMs?: number;
  /** The error when the deadline has passed; undefined to resolve instead. */
  readonly overdue?: () => RegistryError | undefined;
}

/** Who waits. The first of the two calls counts. */
export interface Waiter {
  readonly doing: string;
  resolve(): void;
  reject(error: RegistryError): void;
}

/** Waits after `enter` has put the waiter where somebody will find it; `leave` takes it away again. */
export function waitWith(
  { clock, doing, signal, timeoutMs, overdue }: Patience,
  enter: (waiter: Waiter) => void,
  leave: (waiter: Waiter) => void = () => {},
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      leave(waiter);
    };
    const waiter: Waiter = {
      doing,
      resolve: () => {
        settle();
        resolve();
      },
      reject: (error) => {
        settle();
        reject(error);
      },
    };
    const abort = (): void => {
      if (signal !== undefined) waiter.reject(abortError(doing, signal));
    };
    const expire = (): void => {
      const error = overdue?.();
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    };
    const timer = timeoutMs === undefined ? undefined : clock.setTimeout(expire, timeoutMs);
    signal?.addEventListener('abort', abort);
    try {
      enter(waiter);
    } catch (error) {
      waiter.reject(error as RegistryError);
    }
    if (signal?.aborted === true) abort();
  });
}

/** Those whose waiting ends, at the latest, with what they wait on. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** As {@link waitWith}. */
  wait(patience: Patience, enter: (waiter: Waiter) => void = () => {}): Promise<void> {
    return waitWith(
      patience,
      (waiter) => {
        this.#waiting.add(waiter);
        enter(waiter);
      },
      (waiter) => this.#waiting.delete(waiter),
    );
  }

  resolve(): void {
    for (const waiter of this.#waiting) waiter.resolve();
  }

  reject(errorFor: (doing: string) => RegistryError): void {
    for (const waiter of this.#waiting) waiter.reject(errorFor(waiter.doing));
  }
}
