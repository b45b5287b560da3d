/**
 * The registrations of this process: how often each key was asked for, and who waits for an answer about it. Turns
 * calls into commands, all calls of one turn into one command; and news of the registry machine into settled promises.
 */
import type { DesiredEntry, Registration, RegistrationNews } from '../machines/index.js';
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { abortError, errorFrom, withdrawnError } from './failure-error.js';
import { overdueError } from './overdue.js';
import { type Patience, Waiters } from './patience.js';
import type { Clock } from './world.js';

/** A key that somebody wants. It is replaced, not reused, once nobody wants the key any more. */
interface Held {
  /** How many registrations of this process share the key. */
  count: number;
  /** As the last of them asked for it. */
  entry: DesiredEntry;
  readonly writing: Waiters;
}

/** How a call waits; the clock is the publisher's. */
export type WaitOptions = Omit<Patience, 'clock'>;

/** How a registration waits, and what its first attempt is for. */
export interface PublishOptions extends WaitOptions {
  /** Reject when the first attempt fails, and leave nothing behind. */
  readonly check: boolean;
  readonly timeoutMs: number;
}

export class Publisher {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  /** Who waits until a key is gone. */
  readonly #withdrawing = new Map<string, Waiters>();
  #intents = new Map<string, DesiredEntry | 'withdraw'>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Resolves when the key is written; without `check` as soon as it is accepted. */
  async register(entry: DesiredEntry, options: PublishOptions): Promise<void> {
    const { doing, signal } = options;
    if (signal?.aborted === true) throw abortError(doing, signal);
    const held = this.claim(entry);
    if (!options.check) return;
    try {
      await this.written(entry.key, options);
    } catch (error) {
      this.#release(entry.key, held);
      throw error;
    }
  }

  /** One registration more; the key is written as soon as it can be. */
  claim(entry: DesiredEntry): Held {
    const { key } = entry;
    const held = this.#held.get(key) ?? { count: 0, entry, writing: new Waiters() };
    this.#held.set(key, held);
    const isOther = held.entry.leased !== entry.leased;
    held.entry = entry;
    held.count += 1;
    this.#settleWithdrawing(key);
    if (held.count === 1 || isOther || !this.#isCertain(key)) this.#intend(key, entry);
    return held;
  }

  /** Resolves when a key that is claimed is in etcd; rejects when an attempt fails, and the next is made all the same. */
  async written(key: string, options: WaitOptions & { readonly timeoutMs: number }): Promise<void> {
    const held = this.#held.get(key);
    if (held === undefined) return;
    if (!this.#isCertain(key)) this.#intend(key, held.entry);
    if (this.#stateOf(key) === 'written') return;
    const overdue = (): RegistryError => overdueError(this.#engine, options);
    await held.writing.wait({ ...options, clock: this.#clock, overdue });
  }

  /** Takes one registration back, whatever the signal says, and then resolves as {@link Publisher.gone} does. */
  async unregister(key: string, options: WaitOptions): Promise<void> {
    this.release(key);
    await this.gone(key, options);
  }

  /** One registration less. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined) this.#release(key, held);
  }

  /** Takes all registrations of the key back, and then resolves as {@link Publisher.gone} does. */
  async withdraw(key: string, options: WaitOptions): Promise<void> {
    while (this.#held.has(key)) this.release(key);
    await this.gone(key, options);
  }

  /** Resolves when the key is gone from etcd, or when another registration of this process still needs it. */
  async gone(key: string, options: WaitOptions): Promise<void> {
    if (this.#held.has(key) || this.#stateOf(key) === undefined) return;
    const waiters = this.#withdrawing.get(key) ?? new Waiters();
    this.#withdrawing.set(key, waiters);
    await waiters.wait({ ...options, clock: this.#clock });
  }

  /** Settles what one answer of etcd settles. */
  handle(news: RegistrationNews): void {
    switch (news.type) {
      case 'registration.failed':
        for (const key of news.keys)
          this.#held.get(key)?.writing.reject((doing) => errorFrom(doing, news.failure));
        return;
      case 'registration.written':
        for (const key of news.keys) this.#held.get(key)?.writing.resolve();
        return;
      case 'registration.withdrawn':
        for (const key of news.keys) this.#settleWithdrawing(key);
        return;
      // Nobody waits for this: who asks for a key that another process holds has it written all the same.
      case 'registration.conflicted':
    }
  }

  /** Sends what was asked for in this turn now, because the turn is the last. */
  flush(): void {
    if (this.#intents.size > 0) this.#send();
  }

  /**
   * The registry has ended: what waits to be written fails; what waits to be withdrawn is done if it goes with the
   * lease, and fails if it stays in etcd.
   */
  close(errorFor: (doing: string) => RegistryError): void {
    for (const { writing } of this.#held.values()) writing.reject(errorFor);
    for (const [key, waiters] of this.#withdrawing) {
      const stays = this.#engine.registration(key)?.leased === false;
      if (stays) waiters.reject((doing) => errorFor(`${doing}: its key is without lease and still in etcd`));
      else waiters.resolve();
    }
    this.#held.clear();
    this.#withdrawing.clear();
  }

  #settleWithdrawing(key: string): void {
    this.#withdrawing.get(key)?.resolve();
    this.#withdrawing.delete(key);
  }

  /** One registration less; the last takes the key with it, and whoever still waited for it to be written. */
  #release(key: string, held: Held): void {
    if (this.#held.get(key) !== held) return;
    held.count -= 1;
    if (held.count > 0) return;
    this.#held.delete(key);
    this.#intend(key, 'withdraw');
    held.writing.reject(withdrawnError);
  }

  /**
   * True when the key is written under our lease, or is about to be, whoever holds it. What an audit misses is written
   * only if nobody else holds it by then; a call that waits would not hear of that.
   */
  #isCertain(key: string): boolean {
    if (this.#intents.has(key)) return true;
    const known = this.#engine.registration(key);
    if (known?.state === 'written') return known.lastError?.kind !== 'conflict';
    return known?.state === 'pending' && !known.repair;
  }

  /** What is on its way to the machine counts as pending; undefined where the machine knows nothing of the key. */
  #stateOf(key: string): Registration['state'] | undefined {
    return this.#intents.has(key) ? 'pending' : this.#engine.registration(key)?.state;
  }

  /** The last intent of a turn counts; it is sent when the turn's calls are done. */
  #intend(key: string, intent: DesiredEntry | 'withdraw'): void {
    if (this.#intents.size === 0) queueMicrotask(() => this.flush());
    this.#intents.set(key, intent);
  }

  #send(): void {
    const intents = this.#intents;
    this.#intents = new Map();
    const entries = [...intents.values()].filter((intent) => intent !== 'withdraw');
    const keys = [...intents].filter(([, intent]) => intent === 'withdraw').map(([key]) => key);
    if (entries.length > 0) this.#engine.send({ type: 'registry.register', entries });
    if (keys.length > 0) this.#engine.send({ type: 'registry.withdraw', keys });
  }
}
