/**
 * The life of a registry, from the first connection to the end: it is open until it is closed or has failed. The rest
 * of the registry asks here whether a call may begin; ending the parts, in the right order, is done here.
 */
import type { FailureFact, RegistryNews } from '../machines/index.js';
import type { Announcer } from './announcer.js';
import type { CacheFile } from './cache-file.js';
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom, registryError } from './failure-error.js';
import type { CloseOptions } from './handles.js';
import type { RegistrySettings } from './options.js';
import { connectError } from './overdue.js';
import { Waiters, waitWith } from './patience.js';
import type { Publisher } from './publisher.js';
import type { Readiness } from './readiness.js';
import type { Registrations } from './registrations.js';
import type { Subscriber } from './subscriber.js';
import { timerMsMax } from './timer-limit.js';
import type { Clock } from './world.js';

/** What lives and ends with the registry. */
export interface MortalParts {
  readonly settings: Pick<RegistrySettings, 'endpoints' | 'timeoutMs' | 'closeTimeoutMs'>;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly publisher: Publisher;
  readonly registrations: Registrations;
  readonly readiness: Readiness;
  readonly asking: Waiters;
  readonly subscriber: Subscriber;
  readonly cache: CacheFile | undefined;
  readonly events: Announcer;
}

export class Lifetime {
  readonly #parts: MortalParts;
  readonly #connecting = new Waiters();
  #failure: FailureFact | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: MortalParts) {
    this.#parts = parts;
    void parts.engine.ended.then((failure) => {
      if (failure !== null) this.#fail(failure);
    });
  }

  /** False once it is being closed, or has failed. */
  get isOpen(): boolean {
    return this.#failure === undefined && this.#closing === undefined;
  }

  /** Undefined until it is being closed; resolves when it is closed. */
  get closing(): Promise<void> | undefined {
    return this.#closing;
  }

  /** Throws what a call that begins now fails with, unless the registry is open. */
  requireOpen(doing: string): void {
    if (this.#failure !== undefined) throw errorFrom(doing, this.#failure);
    if (this.#closing !== undefined) throw closedError(doing);
  }

  handle(news: RegistryNews): void {
    if (news.type === 'connection.up') this.#connecting.resolve();
  }

  /** Resolves at the first connection; rejects when there is none within `timeoutMs`. */
  connected(doing: string, signal: AbortSignal | undefined): Promise<void> {
    const { engine, settings, clock } = this.#parts;
    const { timeoutMs } = settings;
    const overdue = (): RegistryError => connectError(engine, doing, settings);
    return this.#connecting.wait({ clock, doing, signal, timeoutMs, overdue });
  }

  /** Idempotent: the first call's options count. */
  close(options: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async #close({ drainMs = 0 }: CloseOptions): Promise<void> {
    const { engine, publisher, subscriber, asking, readiness, cache, events, settings } = this.#parts;
    readiness.close(closedError);
    if (drainMs > 0 && this.#failure === undefined) await this.#drain(drainMs);
    asking.reject(closedError);
    const saved = cache === undefined ? undefined : this.#atMost(settings.closeTimeoutMs, cache.close());
    subscriber.close(closedError);
    publisher.flush();
    engine.send({ type: 'registry.close' });
    await engine.ended;
    publisher.close(closedError);
    await saved;
    events.close();
    engine.stop();
  }

  /** Subscriptions go on meanwhile: running calls may still need those they call. */
  async #drain(drainMs: number): Promise<void> {
    const { registrations, settings } = this.#parts;
    const withdrawn = registrations.offline('cannot drain', {}).catch(() => {});
    await this.#atMost(settings.closeTimeoutMs, withdrawn);
    await this.#atMost(Math.min(drainMs, timerMsMax), new Promise(() => {}));
  }

  #atMost(timeoutMs: number, done: Promise<void>): Promise<void> {
    const patience = { clock: this.#parts.clock, doing: 'closing', timeoutMs, overdue: () => undefined };
    return waitWith(patience, (waiter) => void done.then(() => waiter.resolve()));
  }

  /** A machine met something nobody expected: whoever waits is told, and nothing is accepted any more. */
  #fail(failure: FailureFact): void {
    const { publisher, subscriber, asking, readiness, events } = this.#parts;
    this.#failure = failure;
    const errorFor = (doing: string): RegistryError => errorFrom(doing, failure);
    subscriber.close(errorFor, true);
    publisher.close(errorFor);
    asking.reject(errorFor);
    readiness.close(errorFor);
    this.#connecting.reject(errorFor);
    events.emit('failed', errorFrom('the registry has stopped', failure));
  }
}

function closedError(doing: string): RegistryError {
  return registryError('CLOSED', doing, 'the registry is closed');
}
