/**
 * The registrations of this process: how often each key was asked for, and who waits for an answer about it. Turns
 * calls into commands, all calls of one turn into one command; and news of the registry machine into settled promises.
 */
import type { DesiredEntry, RegistrationNews } from '../machines/index.js';
import type { Engine } from './compose.js';
import { RegistryError } from './errors.js';
import { abortError, errorFrom, registryError } from './failure-error.js';
import { type Patience, type Waiter, waitWith } from './patience.js';
import type { Clock } from './world.js';

interface Held {
  /** How many registrations of this process share the key. */
  count: number;
  readonly writing: Set<Waiter>;
  readonly withdrawing: Set<Waiter>;
}

/** How a call waits; the clock is the publisher's. */
export type PublishOptions = Omit<Patience, 'clock'>;

export interface RegisterOptions extends PublishOptions {
  /** Reject when the first attempt fails, and leave nothing behind. */
  readonly check: boolean;
  readonly timeoutMs: number;
}

export class Publisher {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  /** What waiting registrations were told that an `unregister` has overtaken. */
  readonly #superseded = new WeakSet<RegistryError>();
  #intents = new Map<string, DesiredEntry | 'withdraw'>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Resolves when the key is written; without `check` as soon as it is accepted. */
  async register(entry: DesiredEntry, options: RegisterOptions): Promise<void> {
    const { doing, signal } = options;
    if (signal?.aborted === true) throw abortError(doing, signal);
    const held = this.#hold(entry.key);
    held.count += 1;
    if (this.#isWritten(entry.key) && !this.#intents.has(entry.key)) return;
    if (held.count === 1 || this.#registrationState(entry.key) !== 'pending') this.#intend(entry.key, entry);
    for (const waiter of held.withdrawing) waiter.resolve();
    held.withdrawing.clear();
    if (!options.check) return;
    try {
      await wait(held.writing, { ...options, clock: this.#clock, overdue: () => this.#overdue(options) });
    } catch (error) {
      // Whoever withdrew it meanwhile has released it already.
      if (!this.#superseded.has(error as RegistryError)) this.#release(entry.key);
      throw error;
    }
  }

  /**
   * Resolves when the key is gone from etcd, or when another registration of this process still needs it; also when it
   * is being withdrawn already. Registrations of it that still wait are given up.
   */
  async unregister(key: string, options: PublishOptions): Promise<void> {
    if (options.signal?.aborted === true) throw abortError(options.doing, options.signal);
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#release(key);
    if (held.count > 0) return;
    for (const waiter of held.writing) waiter.reject(this.#supersede(waiter.doing));
    await wait(held.withdrawing, { ...options, clock: this.#clock });
  }

  /** Settles what one answer of etcd settles. */
  handle(news: RegistrationNews): void {
    if (news.type === 'registration.failed') {
      for (const key of news.keys) this.#failed(key, news);
      return;
    }
    if (news.type === 'registration.conflicted') return;
    for (const key of news.keys) {
      const held = this.#held.get(key);
      if (held === undefined) continue;
      const waiters = news.type === 'registration.written' ? held.writing : held.withdrawing;
      for (const waiter of waiters) waiter.resolve();
      if (news.type === 'registration.withdrawn' && held.count === 0) this.#held.delete(key);
    }
  }

  /** The registry has ended: what waits to be written fails, what waits to be withdrawn is done. */
  close(errorFor: (doing: string) => RegistryError): void {
    for (const { writing, withdrawing } of this.#held.values()) {
      for (const waiter of writing) waiter.reject(errorFor(waiter.doing));
      for (const waiter of withdrawing) waiter.resolve();
    }
    this.#held.clear();
  }

  #failed(key: string, news: RegistrationNews & { type: 'registration.failed' }): void {
    const held = this.#held.get(key);
    for (const waiter of held?.writing ?? []) waiter.reject(errorFrom(waiter.doing, news.failure, { key }));
  }

  #hold(key: string): Held {
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = { count: 0, writing: new Set<Waiter>(), withdrawing: new Set<Waiter>() };
    this.#held.set(key, held);
    return held;
  }

  #release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined || held.count === 0) return;
    held.count -= 1;
    if (held.count === 0) this.#intend(key, 'withdraw');
  }

  /** The last intent of a turn counts; it is sent when the turn's calls are done. */
  #intend(key: string, intent: DesiredEntry | 'withdraw'): void {
    if (this.#intents.size === 0) queueMicrotask(() => this.#send());
    this.#intents.set(key, intent);
  }

  #send(): void {
    const intents = this.#intents;
    this.#intents = new Map();
    const entries = [...intents.values()].filter((intent) => intent !== 'withdraw');
    const keys = [...intents].filter(([, intent]) => intent === 'withdraw').map(([key]) => key);
    if (entries.length > 0) this.#engine.send({ type: 'registry.register', entries });
    if (keys.length === 0) return;
    this.#engine.send({ type: 'registry.withdraw', keys });
    // A key that was registered and withdrawn in one turn never reached the machine.
    for (const key of keys) if (this.#registrationState(key) === undefined) this.#settleWithdrawn(key);
  }

  #supersede(doing: string): RegistryError {
    const error = new RegistryError('ABORTED', `${doing}: it was withdrawn meanwhile; register it again`);
    this.#superseded.add(error);
    return error;
  }

  #settleWithdrawn(key: string): void {
    this.handle({ type: 'registration.withdrawn', keys: [key] });
  }

  #registrationState(key: string): string | undefined {
    return this.#engine.snapshot().registry.context.registrations.get(key)?.state;
  }

  #isWritten(key: string): boolean {
    return this.#registrationState(key) === 'written';
  }

  #overdue({ doing, timeoutMs }: RegisterOptions): RegistryError {
    const { connection } = this.#engine.snapshot();
    const failure = connection.context.lastError;
    if (!connection.hasTag('up') && failure !== null) return errorFrom(doing, failure, { timeoutMs });
    return registryError('TIMEOUT', doing, `etcd did not confirm it within ${timeoutMs} ms`, { timeoutMs });
  }
}

function wait(waiters: Set<Waiter>, patience: Patience): Promise<void> {
  return waitWith(
    patience,
    (waiter) => waiters.add(waiter),
    (waiter) => waiters.delete(waiter),
  );
}
