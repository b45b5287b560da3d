/**
 * Mirrors one prefix: patched by what its watcher tells, read by the subscriptions on it. While the watcher is
 * catching up the mirror may hold a mixture that never existed, so readers are told only when it is settled, and who
 * begins to read meanwhile is given what was settled last.
 */
import type { Entry, EntryChange, FailureFact, WatcherHubNews } from '../machines/index.js';

/** The revision a view equals; `history` counts the histories of etcd it has been through, and never goes back. */
export interface Position {
  readonly history: number;
  readonly revision: string;
}

/** Why a view may be out of date, and since when (milliseconds since 1970). */
export interface Staleness {
  readonly since: number;
  readonly reason: string;
}

/** Who reads a view. The methods must not throw. */
export interface ViewReader {
  /** The whole content was read anew. */
  replaced(entries: Iterable<Entry>): void;
  changed(changes: readonly EntryChange[]): void;
  /** The content equals etcd at this position. */
  settled(position: Position): void;
  /** The content may be out of date from now on, until it is settled again. */
  stale(staleness: Staleness): void;
  /** etcd does not permit us to read the prefix. */
  denied(failure: FailureFact): void;
}

export class View {
  readonly prefix: string;
  readonly #entries = new Map<string, Entry>();
  readonly #readers = new Set<ViewReader>();
  #position: Position | undefined;
  #stale: Staleness | undefined;
  #isDenied = false;
  #live = false;
  #settledAt: Position | undefined;
  /** What was settled last, while the present content is ahead of it. */
  #kept: readonly Entry[] | undefined;
  /** Those who were given that; they get the present content when it is settled, and nothing before. */
  readonly #behind = new Set<ViewReader>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined before the first listing. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Undefined while the view follows etcd. */
  get stale(): Staleness | undefined {
    return this.#stale;
  }

  /** The position of what a new reader gets: of the last settled content. Undefined where nothing ever was, or is denied now. */
  get settledAt(): Position | undefined {
    return this.#isDenied ? undefined : this.#settledAt;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Adds a reader; it gets at once what was settled last, or the present content while nothing ever was. */
  add(reader: ViewReader): void {
    this.#readers.add(reader);
    if (this.#position === undefined) return;
    if (this.#kept !== undefined) this.#behind.add(reader);
    reader.replaced(this.#kept ?? this.#entries.values());
    if (this.#live) reader.settled(this.#position);
    else if (this.#stale !== undefined) reader.stale(this.#stale);
  }

  /** False where it does not read. */
  remove(reader: ViewReader): boolean {
    this.#behind.delete(reader);
    return this.#readers.delete(reader);
  }

  /** Takes in what the watcher of this prefix tells; `now` in milliseconds since 1970. */
  apply(news: WatcherHubNews, now: number): void {
    switch (news.type) {
      case 'watcher.listed':
        this.#isDenied = false;
        this.#replace(news.entries, { history: news.history, revision: news.revision });
        break;
      case 'watcher.changed':
        this.#patch(news.changes, news.revision);
        break;
      case 'watcher.live':
        this.#live = true;
        this.#stale = undefined;
        this.#settle();
        break;
      case 'watcher.stale':
        this.#becomeStale({ since: now, reason: news.reason });
        break;
      case 'watcher.denied':
        this.#isDenied = true;
        this.#becomeStale({ since: now, reason: news.failure.message });
        for (const reader of this.#readers) reader.denied(news.failure);
        break;
      case 'watcher.crashed':
        this.#becomeStale({ since: now, reason: news.failure.message });
        break;
    }
  }

  #replace(entries: readonly Entry[], position: Position): void {
    this.#live = false;
    this.#keep();
    this.#entries.clear();
    for (const entry of entries) this.#entries.set(entry.key, entry);
    this.#position = position;
    for (const reader of this.#following()) reader.replaced(entries);
  }

  #patch(changes: readonly EntryChange[], revision: string): void {
    if (!this.#live) this.#keep();
    for (const change of changes) {
      if (change.type === 'delete') this.#entries.delete(change.key);
      else this.#entries.set(change.key, change);
    }
    this.#position = { history: this.#position?.history ?? 0, revision };
    for (const reader of this.#following()) reader.changed(changes);
    if (this.#live) this.#settle();
  }

  *#following(): IterableIterator<ViewReader> {
    for (const reader of this.#readers) if (!this.#behind.has(reader)) yield reader;
  }

  /** The content is about to leave what was settled. */
  #keep(): void {
    if (this.#settledAt !== undefined) this.#kept ??= [...this.#entries.values()];
  }

  /** What began earlier is told once, with its first reason. */
  #becomeStale(staleness: Staleness): void {
    this.#live = false;
    if (this.#stale !== undefined) return;
    this.#stale = staleness;
    for (const reader of this.#readers) reader.stale(staleness);
  }

  #settle(): void {
    if (this.#position === undefined) return;
    this.#settledAt = this.#position;
    this.#kept = undefined;
    for (const reader of this.#behind) reader.replaced(this.#entries.values());
    this.#behind.clear();
    for (const reader of this.#readers) reader.settled(this.#position);
  }
}
