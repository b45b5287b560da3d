/**
 * What this process wants registered, by key: which URL, how often, and whether it is online. Going offline withdraws
 * what others would call, and remembers it; everything about writing is the publisher's.
 */
import type { DesiredEntry } from '../machines/index.js';
import type { CallOptions } from './handles.js';
import { javaStringHash, type KeyLayout } from './key-layout.js';
import type { Publisher } from './publisher.js';
import type { ServiceUrl } from './url.js';

interface Wanted {
  readonly url: ServiceUrl;
  readonly entry: DesiredEntry;
  /** How many registrations of this process share the key. */
  count: number;
}

export class Registrations {
  readonly #publisher: Publisher;
  readonly #layout: KeyLayout;
  readonly #timeoutMs: number;
  readonly #wanted = new Map<string, Wanted>();
  #isOffline = false;

  constructor(publisher: Publisher, layout: KeyLayout, timeoutMs: number) {
    this.#publisher = publisher;
    this.#layout = layout;
    this.#timeoutMs = timeoutMs;
  }

  get isOffline(): boolean {
    return this.#isOffline;
  }

  urls(): readonly ServiceUrl[] {
    return [...this.#wanted.values()].map(({ url }) => url);
  }

  /** Resolves with the key; while offline, what goes with the lease is only remembered. */
  async register(url: ServiceUrl, check: boolean, doing: string, options: CallOptions): Promise<string> {
    const key = this.#layout.urlPath(url);
    const wanted = this.#wanted.get(key) ?? { url, entry: this.#entryFor(url, key), count: 0 };
    this.#wanted.set(key, wanted);
    wanted.count += 1;
    if (this.#isOffline && wanted.entry.leased) return key;
    try {
      const { signal } = options;
      await this.#publisher.register(wanted.entry, { doing, check, timeoutMs: this.#timeoutMs, signal });
      return key;
    } catch (error) {
      this.#forget(key, wanted);
      throw error;
    }
  }

  async unregister(url: ServiceUrl, doing: string, { signal }: CallOptions): Promise<void> {
    const key = this.#layout.urlPath(url);
    const wanted = this.#wanted.get(key);
    if (wanted !== undefined) this.#forget(key, wanted);
    if (this.#isOffline && wanted?.entry.leased === true) return;
    await this.#publisher.unregister(key, { doing, signal });
  }

  /** Resolves when all that goes with the lease is gone from etcd. */
  async offline(doing: string, { signal }: CallOptions): Promise<void> {
    if (this.#isOffline) return;
    this.#isOffline = true;
    await Promise.all(
      this.#eachLeased(({ entry }) => this.#publisher.unregister(entry.key, { doing, signal })),
    );
  }

  /** Resolves when all of it is written again; rejects if that takes too long, and goes on trying. */
  async online(doing: string, { signal }: CallOptions): Promise<void> {
    if (!this.#isOffline) return;
    this.#isOffline = false;
    const options = { doing, timeoutMs: this.#timeoutMs, signal };
    await Promise.all(
      this.#eachLeased(async (wanted) => {
        const { entry } = wanted;
        try {
          await this.#publisher.register(entry, { ...options, check: true });
        } catch (error) {
          const isWanted = !this.#isOffline && this.#wanted.get(entry.key) === wanted;
          // It was taken back because nobody waits for it; it is wanted all the same.
          if (isWanted)
            await this.#publisher.register(entry, { doing, timeoutMs: this.#timeoutMs, check: false });
          throw error;
        }
      }),
    );
  }

  /** Once for each registration, not for each key. */
  #eachLeased(act: (wanted: Wanted) => Promise<void>): Promise<void>[] {
    return [...this.#wanted.values()]
      .filter(({ entry }) => entry.leased)
      .flatMap((wanted) => Array.from({ length: wanted.count }, () => act(wanted)));
  }

  #forget(key: string, wanted: Wanted): void {
    if (this.#wanted.get(key) !== wanted) return;
    wanted.count -= 1;
    if (wanted.count === 0) this.#wanted.delete(key);
  }

  #entryFor(url: ServiceUrl, key: string): DesiredEntry {
    const parentKey = this.#layout.servicePath(url);
    const leased = url.getBooleanParameter('dynamic', true);
    return {
      key,
      leased,
      value: leased ? null : String(javaStringHash(key)),
      parent: { key: parentKey, value: String(javaStringHash(parentKey)) },
    };
  }
}
