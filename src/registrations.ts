/**
 * What this process wants registered, by key: which URL, how often, and whether it is online. Going offline withdraws
 * what others would call, and remembers it; everything about writing is the publisher's.
 */
import type { DesiredEntry } from '../machines/index.js';
import { isRegistryError } from './errors.js';
import { abortError } from './failure-error.js';
import type { CallOptions } from './handles.js';
import { javaStringHash, type KeyLayout } from './key-layout.js';
import type { Publisher } from './publisher.js';
import type { Readiness } from './readiness.js';
import type { ServiceUrl } from './url.js';

interface Wanted {
  readonly url: ServiceUrl;
  readonly entry: DesiredEntry;
  /** How many registrations of this process share the key. */
  count: number;
}

export class Registrations {
  readonly #publisher: Publisher;
  readonly #readiness: Readiness;
  readonly #layout: KeyLayout;
  readonly #timeoutMs: number;
  readonly #wanted = new Map<string, Wanted>();
  /** What came online last. */
  #returning: readonly Wanted[] = [];
  #isOffline = false;

  constructor(publisher: Publisher, readiness: Readiness, layout: KeyLayout, timeoutMs: number) {
    this.#publisher = publisher;
    this.#readiness = readiness;
    this.#layout = layout;
    this.#timeoutMs = timeoutMs;
  }

  get isOffline(): boolean {
    return this.#isOffline;
  }

  urls(): readonly ServiceUrl[] {
    return [...this.#wanted.values()].map(({ url }) => url);
  }

  /** The key of a URL; one that cannot be placed is an INVALID_URL. */
  keyOf(url: ServiceUrl): string {
    return this.#layout.urlPath(url);
  }

  /**
   * Resolves with the key; while offline, what goes with the lease is only remembered. `requireOpen` throws once the
   * registry is being closed.
   */
  async register(
    url: ServiceUrl,
    check: boolean,
    doing: string,
    { signal, requireOpen }: CallOptions & { readonly requireOpen: () => void },
  ): Promise<string> {
    const key = this.keyOf(url);
    const wanted = this.#wanted.get(key) ?? { url, entry: this.#entryFor(url, key), count: 0 };
    this.#wanted.set(key, wanted);
    wanted.count += 1;
    if (this.#isOffline && wanted.entry.leased) return key;
    const options = { doing, check, timeoutMs: this.#timeoutMs, signal };
    try {
      await this.#publisher.register(wanted.entry, options);
    } catch (error) {
      const isTakenBack = isRegistryError(error, 'ABORTED') && signal?.aborted !== true;
      if (!isTakenBack || this.#wanted.get(key) !== wanted) {
        this.#forget(key, wanted);
        throw error;
      }
      // Going offline took it back, not the caller. Closing goes offline too, to drain, and nobody comes online after it.
      requireOpen();
      // Coming online may have asked for it again.
      if (!this.#isOffline) await this.#publisher.written(key, options);
    }
    return key;
  }

  async unregister(url: ServiceUrl, doing: string, { signal }: CallOptions): Promise<void> {
    const key = this.#keyOrUndefined(url);
    if (key === undefined) return;
    const wanted = this.#wanted.get(key);
    if (wanted !== undefined) this.#forget(key, wanted);
    else this.#readiness.giveUp(key);
    await this.#publisher.unregister(key, { doing, signal });
  }

  /** Resolves when all that goes with the lease is gone from etcd. */
  async offline(doing: string, { signal }: CallOptions): Promise<void> {
    const isOnline = !this.#isOffline;
    this.#isOffline = true;
    const options = { doing, signal };
    await Promise.all(
      this.#leased().map(async ({ entry: { key }, count }) => {
        for (let claim = 0; claim < count && isOnline; claim += 1) this.#publisher.release(key);
        await this.#publisher.gone(key, options);
      }),
    );
  }

  /**
   * Resolves when all of it is written again; rejects if that takes too long, and goes on trying. `requireOpen` throws
   * once the registry is being closed.
   */
  async online(
    doing: string,
    { signal, requireOpen }: CallOptions & { readonly requireOpen: () => void },
  ): Promise<void> {
    if (signal?.aborted === true) throw abortError(doing, signal);
    if (this.#isOffline) {
      this.#isOffline = false;
      this.#returning = this.#leased();
      for (const { entry, count } of this.#returning)
        for (let claim = 0; claim < count; claim += 1) this.#publisher.claim(entry);
    }
    const options = { doing, timeoutMs: this.#timeoutMs, signal };
    try {
      await Promise.all(this.#returning.map(({ entry }) => this.#publisher.written(entry.key, options)));
    } catch (error) {
      requireOpen();
      throw error;
    }
  }

  /** Undefined for a URL that has no key, and therefore cannot have been registered. */
  #keyOrUndefined(url: ServiceUrl): string | undefined {
    try {
      return this.keyOf(url);
    } catch (error) {
      if (isRegistryError(error, 'INVALID_URL')) return undefined;
      throw error;
    }
  }

  #leased(): readonly Wanted[] {
    return [...this.#wanted.values()].filter(({ entry }) => entry.leased);
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
