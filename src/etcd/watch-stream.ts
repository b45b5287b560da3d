/**
 * One watch stream, under one token. Creates are pipelined and answered first in, first out
 * (etcd API: WatchResponse.created); fragments are joined, so that a revision is reported whole or not at all.
 */
import type { IEvent, IWatchCreateRequest, IWatchRequest, IWatchResponse } from 'etcd3';
import { Failure, type WatchFact } from '../../machines/index.js';
import { changeOf } from './entry.js';
import { failureFrom, failureFromReason } from './failure.js';
import type { StreamUse } from './stream-use.js';
import type { DuplexStream } from './transport.js';

type Stream = DuplexStream<IWatchRequest, IWatchResponse>;

/** A watch of somebody, on whichever stream it is. */
export interface Watch {
  readonly id: string;
  readonly request: IWatchCreateRequest & { readonly key: Buffer };
  readonly send: (fact: WatchFact) => void;
  /** Events of a revision whose last fragment has not come yet. */
  fragments: IEvent[];
  /** True once it was refused for a token, and asked for again. */
  isSecondTry: boolean;
  closed: boolean;
}

/** What becomes of a stream and of what it was asked for. */
export interface WatchStreamOwner {
  /** etcd has not created this watch; the stream has forgotten it. */
  refused(watch: Watch, failure: Failure): void;
  /** The stream has broken, and its watches were told. */
  ended(failure: Failure): void;
}

/** How often a stream with watches is asked for its progress; the answer only proves that it lives. */
const probeIntervalMs = 1_000;
/** A stream that is silent for so long, though the link works, is opened anew. */
const silenceMsMax = 5_000;

export class WatchStream {
  /** Of the login whose token the stream was opened with. */
  readonly generation: number;
  readonly #use: StreamUse;
  readonly #owner: WatchStreamOwner;
  readonly #watches = new Map<string, Watch>();
  /** Creates that etcd has not answered yet, in the order they were sent. */
  readonly #creating: Watch[] = [];
  #overdue: NodeJS.Timeout | undefined;
  #opening: Promise<Stream> | undefined;
  #stream: Stream | undefined;
  #probing: NodeJS.Timeout | undefined;
  /** When the first of the probes was sent that nothing has come after yet. */
  #unansweredSince: number | undefined;
  #isOver = false;

  constructor(use: StreamUse, owner: WatchStreamOwner) {
    this.#use = use;
    this.#owner = owner;
    this.generation = use.login.generation;
  }

  /** True while nobody watches over it. */
  get isIdle(): boolean {
    return this.#watches.size === 0;
  }

  /** Opens the stream if it is the first. Facts go to the watch, from then on and until it is closed. */
  create(watch: Watch): void {
    this.#create(watch).catch((thrown: unknown) => this.#fail(failureFrom(thrown)));
  }

  cancel(watch: Watch): void {
    if (!this.#watches.has(watch.id)) return;
    const isCreating = this.#creating.includes(watch);
    this.#forget(watch);
    if (!isCreating) this.#stream?.write({ cancel_request: { watch_id: watch.id } });
  }

  /** Ends in silence. */
  close(): void {
    for (const watch of this.#watches.values()) watch.closed = true;
    this.end(new Failure('unreachable', 'the link was closed'));
  }

  /** Tells its watches that they are broken, and is gone. */
  end(failure: Failure): void {
    const stream = this.#stream;
    this.#isOver = true;
    clearInterval(this.#probing);
    this.#stream = undefined;
    this.#creating.length = 0;
    clearTimeout(this.#overdue);
    stream?.cancel();
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const watch of watches) tellBroken(watch, failure);
  }

  async #create(watch: Watch): Promise<void> {
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
    const { timeoutMs } = this.#use;
    const overdue = `etcd did not open a watch within ${timeoutMs} ms`;
    this.#overdue = setTimeout(() => this.#fail(new Failure('timeout', overdue)), timeoutMs);
  }

  async #open(): Promise<Stream> {
    const stream = await this.#use.transport.watch.watch();
    const disown = this.#use.transport.own(stream);
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
    if (this.#isOver) {
      stream.cancel();
      return stream;
    }
    this.#stream = stream;
    this.#probing = setInterval(() => this.#probe(stream), probeIntervalMs);
    return stream;
  }

  /**
   * A broken connection may say nothing for ever; whoever follows the link is told that an answer is overdue. The question
   * is asked again each time: from 3.4.25 and 3.5.8 on etcd does not answer it while one of the watches catches up, as all do
   * for up to 100 ms after they were opened (spec/etcd.md, progressIfSync).
   */
  #probe(stream: Stream): void {
    if (!this.#isProbed()) return;
    const since = this.#unansweredSince;
    this.#unansweredSince ??= performance.now();
    stream.write({ progress_request: {} });
    if (since === undefined) return;
    const silence = new Failure('timeout', 'etcd does not answer on the watch stream');
    if (performance.now() - since > silenceMsMax) this.#fail(silence);
    else this.#use.report(silence);
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
      this.#cancelled(watch, failureFromReason(response.cancel_reason));
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
      if (!watch.closed) this.#owner.refused(watch, failureFromReason(response.cancel_reason));
    } else if (watch.closed) {
      this.#stream?.write({ cancel_request: { watch_id: watch.id } });
    } else {
      watch.send({ type: 'watch.created', revision: response.header.revision });
    }
  }

  /** One watch ended; its neighbours go on. A token is asked for again when the watch is created again. */
  #cancelled(watch: Watch, failure: Failure): void {
    this.#forget(watch);
    tellBroken(watch, failure);
    if (failure.kind !== 'unauthenticated' || !this.#use.login.isUsed) this.#use.report(failure);
  }

  #changed(watch: Watch, response: IWatchResponse): void {
    watch.fragments.push(...response.events);
    if ((response as { fragment?: boolean }).fragment === true) return;
    const events = watch.fragments;
    watch.fragments = [];
    watch.send({ type: 'watch.changed', changes: events.map(changeOf) });
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch.id);
  }

  #fail(failure: Failure): void {
    if (this.#isOver) return;
    this.end(failure);
    this.#owner.ended(failure);
  }
}

export function tellBroken(watch: Watch, { kind, message }: Failure): void {
  if (!watch.closed) watch.send({ type: 'watch.broken', failure: { kind, message } });
}
