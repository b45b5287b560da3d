/**
 * Watch streams: who follows which keys, from which revision, and what each stream is told. A watcher that asks for the past
 * is behind and is fed in batches by {@link Watches.syncBehind}; the others are told each revision as it is written.
 */
import type { IWatchCreateRequest, IWatchRequest } from 'etcd3';
import type { KeySpan } from './bytes.js';
import { fragmentsOf } from './fragments.js';
import type { ResponseHeader, WatchEvent, WatchResponse } from './messages.js';
import { keyValueOf } from './ranges.js';
import type { KeyState, Revisions } from './revisions.js';
import { concerns, type Watcher, watchedSpan, watcherOf } from './watcher.js';

/** How many revisions with events for it a watcher that is behind is told at once. */
const batchRevisionsMax = 1000;

/** Takes what a stream is told, in order. */
export type Send = (response: WatchResponse) => void;

/** The server's end of one watch stream. */
export interface WatchStream {
  /** `token` is the one that came with the stream. */
  receive(request: IWatchRequest, token?: string): void;
  close(): void;
}

interface Stream {
  readonly send: Send;
  readonly watchers: Map<string, Watcher>;
  nextId: number;
  progressAtMs: number;
  /** True once a watcher of the stream asked to be told progress. */
  wantsProgress: boolean;
}

export interface WatchOptions {
  readonly revisions: Revisions;
  readonly header: (revision: number) => ResponseHeader;
  readonly progressIntervalMs: number;
  /** Why the keys may not be watched with that token, if they may not. */
  readonly denial: (span: KeySpan, token: string | undefined) => string | undefined;
}

export class Watches {
  readonly #streams = new Set<Stream>();
  /** The watchers that are behind, each with its stream. */
  readonly #behind = new Map<Watcher, Stream>();
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** How many watchers live on all streams. */
  get count(): number {
    let count = 0;
    for (const { watchers } of this.#streams)
      for (const watcher of watchers.values()) if (watcher.state !== 'dead') count++;
    return count;
  }

  /** True while a watcher has something of the past still to be told. */
  get anyBehind(): boolean {
    return this.#behind.size > 0;
  }

  open(send: Send, nowMs: number): WatchStream {
    const progressAtMs = nowMs + this.#options.progressIntervalMs;
    const stream: Stream = { send, watchers: new Map(), nextId: 0, progressAtMs, wantsProgress: false };
    this.#streams.add(stream);
    return {
      receive: (request, token) => this.#receive(stream, request, token),
      close: () => {
        this.#streams.delete(stream);
        for (const watcher of stream.watchers.values()) this.#behind.delete(watcher);
      },
    };
  }

  /** Forgets every stream, as a killed server does. */
  closeAll(): void {
    this.#streams.clear();
    this.#behind.clear();
  }

  /** Tells the synced watchers what was just written. */
  tell(changes: readonly KeyState[]): void {
    const revision = this.#options.revisions.head;
    for (const stream of this.#streams)
      for (const watcher of stream.watchers.values()) {
        if (watcher.state !== 'synced') continue;
        const due = changes.filter((change) => concerns(watcher, change));
        if (due.length === 0) continue;
        watcher.nextRevision = revision + 1;
        this.#sendEvents(stream, watcher, due);
      }
  }

  /** Gives every watcher that is behind its next batch, or the news that its past is compacted. */
  syncBehind(): void {
    for (const [watcher, stream] of this.#behind) {
      this.#sync(stream, watcher);
      if (watcher.state !== 'behind') this.#behind.delete(watcher);
    }
  }

  /** Tells idle watchers that wanted it how far the store is. */
  tellProgress(nowMs: number): void {
    for (const stream of this.#streams) {
      if (nowMs < stream.progressAtMs) continue;
      stream.progressAtMs = nowMs + this.#options.progressIntervalMs;
      for (const watcher of stream.watchers.values()) {
        if (!watcher.wantsProgress) continue;
        if (watcher.progressDue && watcher.state === 'synced') stream.send(this.#answer(watcher.id));
        watcher.progressDue = true;
      }
    }
  }

  /** When the next round of progress is due; undefined when no watcher wants it. */
  nextProgressMs(): number | undefined {
    const due = [...this.#streams]
      .filter((stream) => stream.wantsProgress)
      .map((stream) => stream.progressAtMs);
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  #receive(stream: Stream, request: IWatchRequest, token: string | undefined): void {
    if (request.create_request) this.#create(stream, request.create_request, token);
    else if (request.cancel_request) {
      const id = String(request.cancel_request.watch_id ?? 0);
      const watcher = stream.watchers.get(id);
      if (!watcher) return;
      stream.watchers.delete(id);
      this.#behind.delete(watcher);
      stream.send({ ...this.#answer(id), canceled: true });
    } else if (request.progress_request) stream.send(this.#answer('-1'));
  }

  #create(stream: Stream, request: IWatchCreateRequest, token: string | undefined): void {
    const span = watchedSpan(request);
    const chosenId = String(request.watch_id ?? 0);
    const reason = this.#options.denial(span, token) ?? refusalOf(stream, span, chosenId);
    if (reason) {
      stream.send({ ...this.#answer('-1'), created: true, canceled: true, cancel_reason: reason });
      return;
    }
    const id = chosenId === '0' ? takeId(stream) : chosenId;
    const watcher = watcherOf(id, span, request, this.#options.revisions.head);
    stream.watchers.set(id, watcher);
    if (watcher.state === 'behind') this.#behind.set(watcher, stream);
    if (watcher.wantsProgress) stream.wantsProgress = true;
    stream.send({ ...this.#answer(id), created: true });
  }

  #sync(stream: Stream, watcher: Watcher): void {
    const { revisions } = this.#options;
    if (watcher.nextRevision < revisions.compacted) {
      watcher.state = 'dead';
      const compact_revision = String(revisions.compacted);
      stream.send({ ...this.#answer(watcher.id, 0), canceled: true, compact_revision });
      return;
    }
    const due: KeyState[] = [];
    let batched = 0;
    let revision = watcher.nextRevision;
    for (; revision <= revisions.head && batched < batchRevisionsMax; revision++) {
      const changes = revisions.changesAt(revision).filter((change) => concerns(watcher, change));
      if (changes.length > 0) batched++;
      due.push(...changes);
    }
    watcher.nextRevision = revision;
    if (revision > revisions.head) watcher.state = 'synced';
    if (due.length > 0) this.#sendEvents(stream, watcher, due);
  }

  #sendEvents(stream: Stream, watcher: Watcher, changes: readonly KeyState[]): void {
    const events = changes
      .map((change) => this.#eventOf(watcher, change))
      .filter((event) => !watcher.hidden.has(event.type));
    if (events.length === 0) return;
    const response = { ...this.#answer(watcher.id), events };
    for (const part of watcher.fragmented ? fragmentsOf(response) : [response]) stream.send(part);
    watcher.progressDue = false;
  }

  #eventOf(watcher: Watcher, change: KeyState): WatchEvent {
    const { revisions } = this.#options;
    const before = change.modRevision - 1;
    const created = !change.deleted && change.createRevision === change.modRevision;
    const previous = watcher.withPrevious && !created ? revisions.stateOf(change.key, before) : undefined;
    return {
      type: change.deleted ? 'Delete' : 'Put',
      kv: keyValueOf(change),
      prev_kv: previous ? keyValueOf(previous) : null,
    };
  }

  #answer(watchId: string, revision: number = this.#options.revisions.head): WatchResponse {
    return {
      header: this.#options.header(revision),
      watch_id: watchId,
      created: false,
      canceled: false,
      compact_revision: '0',
      cancel_reason: '',
      fragment: false,
      events: [],
    };
  }
}

function refusalOf(stream: Stream, span: KeySpan, chosenId: string): string | undefined {
  if (span.until !== null && span.until <= span.from) return 'mvcc: watcher range is empty';
  if (chosenId !== '0' && stream.watchers.has(chosenId))
    return 'mvcc: duplicate watch ID provided on the WatchStream';
  return undefined;
}

/** The next id that no watcher of the stream has; the first is 0. */
function takeId(stream: Stream): string {
  while (stream.watchers.has(String(stream.nextId))) stream.nextId++;
  return String(stream.nextId++);
}
