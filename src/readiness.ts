/** Who waits for something of his own before he is registered. */
import { RegistryError } from './errors.js';
import { withdrawnError } from './failure-error.js';
import { type Patience, Waiters } from './patience.js';
import type { Clock } from './world.js';

export class Readiness {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiters>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with `when`; rejects when that does, when the signal is aborted, the key is given up, or this is closed. */
  async wait(
    key: string,
    when: Promise<unknown>,
    { doing, signal }: Pick<Patience, 'doing' | 'signal'>,
  ): Promise<void> {
    const waiters = this.#waiting.get(key) ?? new Waiters();
    this.#waiting.set(key, waiters);
    try {
      await waiters.wait({ clock: this.#clock, doing, signal }, (waiter) => {
        when.then(
          () => waiter.resolve(),
          (cause: unknown) => waiter.reject(notReady(doing, cause)),
        );
      });
    } finally {
      if (waiters.isEmpty && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
    }
  }

  /** Nobody wants the key to be registered any more. */
  giveUp(key: string): void {
    this.#waiting.get(key)?.reject(withdrawnError);
  }

  close(errorFor: (doing: string) => RegistryError): void {
    for (const waiters of this.#waiting.values()) waiters.reject(errorFor);
  }
}

function notReady(doing: string, cause: unknown): RegistryError {
  const message = `${doing}: what it was to wait for has failed; register again when ready`;
  return new RegistryError('ABORTED', message, { cause });
}
