/**
 * What was last known about the services subscribed to, kept in a file for a start without etcd. Written some time after
 * changes, not at each; what another process wrote about other services stays. Trouble with the file is reported and
 * harms nothing else.
 */
import { resolve } from 'node:path';
import { type CacheEntries, readCacheText, updatedUrls, writeCacheText } from './cache-text.js';
import { anyValue, emptyProtocol } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { type FileStore, unusable } from './file-store.js';
import type { KnownUrls } from './known-urls.js';
import { quoted } from './quoted.js';
import { inTurn } from './turns.js';
import type { ServiceUrl } from './url.js';
import { isMatch } from './url-match.js';
import type { Staleness } from './view.js';
import type { Clock } from './world.js';

/**
 * Changes of this long are written together, and of a second more for every 1,000 URLs: each write is of the whole file,
 * and so many take some 20 ms of computing.
 */
const saveDelayMs = 1_000;
const saveDelayMsMax = 60_000;
/** Delays before the second, third and fourth attempt; after that the next change begins anew. */
const retryDelaysMs: readonly number[] = [1_000, 5_000, 25_000];

/** URLs from an earlier time. */
export interface Remembered {
  readonly urls: readonly ServiceUrl[];
  readonly staleness: Staleness;
}

export interface CacheFileSurroundings {
  readonly files: FileStore;
  readonly clock: Clock;
  /** What is known now. */
  readonly collect: () => KnownUrls;
  /** Hears of trouble with the file: of each kind once, until a write has succeeded. */
  readonly report: (error: RegistryError) => void;
}

export class CacheFile {
  readonly path: string;
  readonly #surroundings: CacheFileSurroundings;
  readonly #loaded: Promise<void>;
  /** As the file was at the start. */
  #remembered: CacheEntries = new Map();
  #modified = 0;
  /** What this process has come to know, also of subscriptions that have ended. */
  readonly #own = new Map<string, readonly ServiceUrl[]>();
  /** See {@link KnownUrls}; as it was when last collected. */
  #isComplete: (serviceKey: string) => boolean = () => false;
  #unschedule: (() => void) | undefined;
  #isChanged = false;
  #saving: Promise<void> | undefined;
  #failures = 0;
  #isClosed = false;
  #lastError: RegistryError | undefined;
  readonly #reported = new Set<string>();

  constructor(path: string, surroundings: CacheFileSurroundings) {
    this.path = path;
    this.#surroundings = surroundings;
    this.#loaded = this.#load();
  }

  /** The last trouble with the file; undefined after a write that succeeded. */
  get lastError(): RegistryError | undefined {
    return this.#lastError;
  }

  /** What the file knew at the start of all that the consumer asks for; undefined if that is nobody. */
  async remembered(consumer: ServiceUrl): Promise<Remembered | undefined> {
    await this.#loaded;
    const urls = this.#rememberedUnder(consumer).filter(
      (url) => url.protocol !== emptyProtocol && isMatch(consumer, url),
    );
    if (urls.length === 0) return undefined;
    const reason = `etcd has not answered yet; this is what ${quoted(this.path)} remembers`;
    return { urls, staleness: { since: this.#modified, reason } };
  }

  /** Something became known; it will be written soon. */
  changed(): void {
    this.#isChanged = true;
    if (this.#unschedule === undefined && this.#saving === undefined) this.#schedule(this.#saveDelayMs());
  }

  /** Writes what has not been written, once, and nothing after that. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unschedule?.();
    if (this.#isChanged) this.#collect();
    await this.#saving;
    if (this.#isChanged) await this.#save();
  }

  #rememberedUnder(consumer: ServiceUrl): readonly ServiceUrl[] {
    if (consumer.serviceInterface !== anyValue) return this.#remembered.get(consumer.serviceKey ?? '') ?? [];
    const all = [...this.#remembered.values()].flat();
    return [...new Map(all.map((url) => [url.toFullString(), url])).values()];
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#surroundings;
    const timer = clock.setTimeout(() => {
      this.#unschedule = undefined;
      this.#collect();
      this.#saving = this.#save().finally(() => {
        this.#saving = undefined;
        if (this.#isChanged && !this.#isClosed) this.#schedule(this.#delayMs());
      });
    }, delayMs);
    this.#unschedule = () => {
      clock.clearTimeout(timer);
      this.#unschedule = undefined;
    };
  }

  #delayMs(): number {
    return retryDelaysMs[this.#failures - 1] ?? this.#saveDelayMs();
  }

  #saveDelayMs(): number {
    let urlCount = 0;
    for (const urls of this.#own.values()) urlCount += urls.length;
    return Math.min(saveDelayMsMax, saveDelayMs + 1_000 * Math.floor(urlCount / 1_000));
  }

  #collect(): void {
    const { entries, isComplete } = this.#surroundings.collect();
    this.#isComplete = isComplete;
    for (const key of this.#own.keys()) if (!entries.has(key) && isComplete(key)) this.#own.delete(key);
    for (const [key, urls] of entries) this.#own.set(key, updatedUrls(this.#own.get(key) ?? [], urls));
  }

  /** In turn with other registries of this process, so that none loses what another has just written. */
  async #save(): Promise<void> {
    this.#isChanged = false;
    await this.#loaded;
    await inTurn(resolve(this.path), () => this.#write());
  }

  async #write(): Promise<void> {
    const { files, clock } = this.#surroundings;
    try {
      const entries = new Map(await this.#writtenByOthers());
      for (const [key, urls] of this.#own) entries.set(key, updatedUrls(entries.get(key) ?? [], urls));
      await files.replace(this.path, writeCacheText(entries, new Date(clock.now()).toUTCString()));
      this.#failures = 0;
      this.#lastError = undefined;
      this.#reported.clear();
    } catch (cause) {
      this.#failures += 1;
      const willRetry = this.#failures <= retryDelaysMs.length;
      this.#isChanged ||= willRetry;
      if (!willRetry) this.#failures = 0;
      this.#complain('write', cause);
    }
  }

  /** What the file holds now, without services that are known to be gone. */
  async #writtenByOthers(): Promise<readonly (readonly [string, readonly ServiceUrl[]])[]> {
    const before = await this.#surroundings.files.read(this.path);
    if (before === undefined) return [];
    const { entries, isForeign } = readCacheText(before.text);
    if (isForeign)
      throw unusable(this.path, "it does not begin like a registry cache, and may be somebody else's");
    return [...entries].filter(([key]) => this.#own.has(key) || !this.#isComplete(key));
  }

  async #load(): Promise<void> {
    try {
      await this.#surroundings.files.sweep(this.path).catch(() => {});
      const found = await this.#surroundings.files.read(this.path);
      if (found === undefined) return;
      const { entries, complaints } = readCacheText(found.text);
      this.#remembered = entries;
      this.#modified = found.modified;
      if (complaints.length > 0) this.#complain('read all of', [...new Set(complaints)].join('; '));
    } catch (cause) {
      this.#complain('read', cause);
    }
  }

  #complain(doing: string, cause: unknown): void {
    const reason = reasonOf(cause);
    this.#lastError = new RegistryError(
      'INVALID_OPTION',
      `cannot ${doing} cache file ${quoted(this.path)}: ${reason}; the registry works without it; set option 'file' to another path, or to false`,
      { cause, reason, option: 'file' },
    );
    // Messages of the system name drafts, each of another name.
    const isOfSystem = cause instanceof Error && !(cause instanceof RegistryError) && 'code' in cause;
    const kind = isOfSystem ? String(cause.code) : reason;
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#surroundings.report(this.#lastError);
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof RegistryError && cause.reason !== undefined) return cause.reason;
  return cause instanceof Error ? cause.message : String(cause);
}
