/**
 * The one watch stream of a link, shared by all watchers. Creates are pipelined and answered first in, first out
 * (etcd API: WatchResponse.created); fragments are joined, so that a revision is reported whole or not at all.
 */
import type { IEvent, IWatchCreateRequest, IWatchRequest, IWatchResponse } from 'etcd3';
import { Failure, type WatchFact } from '../../machines/index.js';
import { changeOf } from './entry.js';
import { failureFrom, failureFromReason } from './failure.js';
import { bytesOf, prefixEnd } from './text.js';
import type { DuplexStream, Transport } from './transport.js';

type Stream = DuplexStream<IWatchRequest, IWatchResponse>;

/** What a watch asks for. */
interface Wanted {
  readonly key: Buffer;
  /** Without it, the key alone. */
  readonly rangeEnd?: Buffer;
  /** Without it, from now on. */
  readonly fromRevision?: string;
}

interface Watch {
  readonly id: string;
  readonly request: IWatchCreateRequest;
  readonly send: (fact: WatchFact) => void;
  /** Events of a revision whose last fragment has not come yet. */
  fragments: IEvent[];
  closed: boolean;
}

/** How often a stream with watches is asked for its progress; the answer only proves that it lives. */
const probeIntervalMs = 1_000;
/** A stream that is silent for so long, though the link works, is opened anew. */
const silenceMsMax = 5_000;

export class WatchStream {
  readonly #transport: Transport;
  readonly #createdTimeoutMs: number;
  readonly #report: (failure: Failure) => void;
  readonly #watches = new Map<string, Watch>();
  /** Creates that etcd has not answered yet, in the order they were sent. */
  readonly #creating: Watch[] = [];
  #overdue: NodeJS.Timeout | undefined;
  #opening: Promise<Stream> | undefined;
  #stream: Stream | undefined;
  #probing: NodeJS.Timeout | undefined;
  /** When the first probe was sent that nothing has come after yet. */
  #unansweredSince: number | undefined;
  #lastId = 0;
  #closed = false;

  constructor(transport: Transport, createdTimeoutMs: number, report: (failure: Failure) => void) {
    this.#transport = transport;
    this.#createdTimeoutMs = createdTimeoutMs;
    this.#report = report;
  }

  /** Watches `prefix` from a revision on. Facts stop when the returned function was called. */
  watch(prefix: string, fromRevision: string, send: (fact: WatchFact) => void): () => void {
    const key = bytesOf(prefix);
    const wanted = { key, rangeEnd: prefixEnd(key), fromRevision };
    return this.#start(wanted, { progress_notify: true, filters: [] }, send);
  }

  /**
   * Watches only what is deleted. Its silence is no reason to ask for progress: what it misses in a stream that died
   * unnoticed, an audit finds.
   */
  watchDeletions(wanted: Wanted, send: (fact: WatchFact) => void): () => void {
    return this.#start(wanted, { progress_notify: false, filters: ['Noput'] }, send);
  }

  /** Ends everything in silence: whoever closes the link says why. */
  close(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) watch.closed = true;
    this.#end(new Failure('unreachable', 'the link was closed'));
  }

  #start(
    { key, rangeEnd, fromRevision = '0' }: Wanted,
    kind: Pick<IWatchCreateRequest, 'progress_notify' | 'filters'>,
    send: (fact: WatchFact) => void,
  ): () => void {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const range = {
      key,
      start_revision: fromRevision,
      ...(rangeEnd === undefined ? {} : { range_end: rangeEnd }),
    };
    const request = { watch_id: id, fragment: true, ...range, ...kind };
    const watch: Watch = { id, request, send, fragments: [], closed: false };
    this.#create(watch).catch((thrown: unknown) => this.#fail(failureFrom(thrown)));
    return () => this.#cancel(watch);
  }

  async #create(watch: Watch): Promise<void> {
    if (this.#closed) throw new Failure('unreachable', 'the link is closed');
    this.#watches.set(watch.id, watch);
    this.#opening ??= this.#open();
    const stream = await this.#opening;
    if (watch.closed || this.#stream !== stream) return;
    this.#creating.push(watch);
    if (this.#creating.length === 1) this.#awaitCreated();
    stream.write({ create_request: watch.request });
  }

  /** Each answer gives the next one its full time: a thousand creates at once take longer than one. */
  #awaitCreated(): void {
    clearTimeout(this.#overdue);
    if (this.#creating.length === 0) return;
    const overdue = `etcd did not open a watch within ${this.#createdTimeoutMs} ms`;
    this.#overdue = setTimeout(() => this.#fail(new Failure('timeout', overdue)), this.#createdTimeoutMs);
  }

  async #open(): Promise<Stream> {
    const stream = await this.#transport.watch.watch();
    const disown = this.#transport.own(stream);
    this.#stream = stream;
    this.#unansweredSince = undefined;
    this.#probing = setInterval(() => this.#probe(stream), probeIntervalMs);
    const ended = (failure: Failure): void => {
      disown();
      if (this.#stream === stream) this.#fail(failure);
    };
    // A throwing data handler would stall the stream for ever without an error.
    stream.on('data', (response) => {
      if (this.#stream !== stream) return;
      this.#unansweredSince = undefined;
      try {
        this.#receive(response);
      } catch (thrown) {
        ended(failureFrom(thrown));
      }
    });
    stream.on('error', (error) => ended(failureFrom(error)));
    stream.on('end', () => ended(new Failure('unreachable', 'etcd ended the watch stream')));
    return stream;
  }

  /** A broken connection may say nothing for ever; whoever follows the link is told that an answer is overdue. */
  #probe(stream: Stream): void {
    if (!this.#isProbed()) return;
    const since = this.#unansweredSince;
    if (since === undefined) {
      this.#unansweredSince = performance.now();
      stream.write({ progress_request: {} });
      return;
    }
    const silence = new Failure('timeout', 'etcd does not answer on the watch stream');
    if (performance.now() - since > silenceMsMax) this.#fail(silence);
    else this.#report(silence);
  }

  #isProbed(): boolean {
    for (const { request } of this.#watches.values()) if (request.progress_notify === true) return true;
    return false;
  }

  #receive(response: IWatchResponse): void {
    if (response.created) {
      this.#created(response);
      return;
    }
    const watch = this.#watches.get(response.watch_id);
    if (watch === undefined) return;
    if (response.compact_revision !== '0') {
      this.#forget(watch);
      watch.send({ type: 'watch.compacted', compactRevision: response.compact_revision });
    } else if (response.canceled) {
      this.#refused(watch, response.cancel_reason);
    } else if (response.events.length > 0) {
      this.#changed(watch, response);
    } else {
      watch.send({ type: 'watch.progressed', revision: response.header.revision });
    }
  }

  #created(response: IWatchResponse): void {
    const watch = this.#creating.shift();
    if (watch === undefined) return;
    this.#awaitCreated();
    if (response.canceled) {
      this.#forget(watch);
      if (!watch.closed)
        watch.send({ type: 'watch.broken', failure: failureFromReason(response.cancel_reason) });
    } else if (watch.closed) {
      this.#stream?.write({ cancel_request: { watch_id: watch.id } });
    } else {
      watch.send({ type: 'watch.created', revision: response.header.revision });
    }
  }

  /** One watch ended; its neighbours go on, unless the reason concerns the link, as an expired token does. */
  #refused(watch: Watch, reason: string): void {
    this.#forget(watch);
    const failure = failureFromReason(reason);
    if (!watch.closed) {
      watch.send({ type: 'watch.broken', failure: { kind: failure.kind, message: failure.message } });
    }
    this.#report(failure);
  }

  #changed(watch: Watch, response: IWatchResponse): void {
    watch.fragments.push(...response.events);
    if ((response as { fragment?: boolean }).fragment === true) return;
    const events = watch.fragments;
    watch.fragments = [];
    watch.send({ type: 'watch.changed', changes: events.map(changeOf) });
  }

  #cancel(watch: Watch): void {
    if (watch.closed) return;
    watch.closed = true;
    const isCreating = this.#creating.includes(watch);
    const wasOpen = this.#watches.has(watch.id);
    this.#forget(watch);
    if (wasOpen && !isCreating) this.#stream?.write({ cancel_request: { watch_id: watch.id } });
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch.id);
  }

  #fail(failure: Failure): void {
    this.#end(failure);
    this.#report(failure);
  }

  #end(failure: Failure): void {
    const stream = this.#stream;
    clearInterval(this.#probing);
    this.#stream = undefined;
    this.#opening = undefined;
    this.#creating.length = 0;
    clearTimeout(this.#overdue);
    stream?.cancel();
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const watch of watches) {
      if (!watch.closed) {
        watch.send({ type: 'watch.broken', failure: { kind: failure.kind, message: failure.message } });
      }
    }
  }
}
