/** Who waits for something of his own before he is registered. */
import { RegistryError } from './errors.js';
import { type Waiter, waitWith } from './patience.js';
import type { Clock } from './world.js';

export class Readiness {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with `when`; rejects when that does, when the signal is aborted, or when this is closed. */
  wait(when: Promise<unknown>, doing: string, signal: AbortSignal | undefined): Promise<void> {
    return waitWith(
      { clock: this.#clock, doing, signal },
      (waiter) => {
        this.#waiting.add(waiter);
        when.then(
          () => waiter.resolve(),
          (cause: unknown) => waiter.reject(notReady(doing, cause)),
        );
      },
      (waiter) => this.#waiting.delete(waiter),
    );
  }

  close(errorFor: (doing: string) => RegistryError): void {
    for (const waiter of this.#waiting) waiter.reject(errorFor(waiter.doing));
  }
}

function notReady(doing: string, cause: unknown): RegistryError {
  const message = `${doing}: what it was to wait for has failed; register again when ready`;
  return new RegistryError('ABORTED', message, { cause });
}
