/**
 * The watches of a link, over one stream that all share. etcd looks at a stream's token whenever a watch is created, and
 * never again (etcd 3.4: isWatchPermitted). So after a new login new watches go over a new stream, and those that are open
 * stay where they are, undisturbed.
 */
import { Failure, type WatchFact } from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { StreamUse } from './stream-use.js';
import { bytesOf, prefixEnd } from './text.js';
import { tellBroken, type Watch, WatchStream } from './watch-stream.js';

/** What a watch asks for. */
interface Wanted {
  readonly key: Buffer;
  /** Without it, the key alone. */
  readonly rangeEnd?: Buffer;
  /** Without it, from now on. */
  readonly fromRevision?: string;
}

type Kind = Pick<Watch['request'], 'progress_notify' | 'filters'>;

/** The keys of a watch, as etcd names them. */
export type WatchedKeys = Pick<Watch['request'], 'key' | 'range_end'>;

/** A stream of an older token is kept while anybody watches over it, but not more of them than this in all. */
const streamsMax = 4;

export class WatchStreams {
  readonly #use: StreamUse;
  readonly #mayRead: (keys: WatchedKeys) => Promise<boolean>;
  /** Oldest first; new watches go to the last. */
  #streams: readonly WatchStream[] = [];
  #lastId = 0;
  #closed = false;

  constructor(use: StreamUse, mayRead: (keys: WatchedKeys) => Promise<boolean>) {
    this.#use = use;
    this.#mayRead = mayRead;
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
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
  }

  #start(wanted: Wanted, kind: Kind, send: (fact: WatchFact) => void): () => void {
    const { key, rangeEnd, fromRevision = '0' } = wanted;
    this.#lastId += 1;
    const id = String(this.#lastId);
    const end = rangeEnd === undefined ? {} : { range_end: rangeEnd };
    const request = { watch_id: id, fragment: true, key, start_revision: fromRevision, ...end, ...kind };
    const watch: Watch = { id, request, send, fragments: [], isSecondTry: false, closed: false };
    this.#create(watch);
    return () => this.#cancel(watch);
  }

  #create(watch: Watch): void {
    if (this.#closed) this.#use.report(new Failure('unreachable', 'the link is closed'));
    else this.#newest().create(watch);
  }

  #cancel(watch: Watch): void {
    if (watch.closed) return;
    watch.closed = true;
    for (const stream of this.#streams) stream.cancel(watch);
    this.#dropIdle();
  }

  /** The stream under the token in use. */
  #newest(): WatchStream {
    const newest = this.#streams.at(-1);
    if (newest?.generation === this.#use.login.generation) return newest;
    this.#dropIdle();
    const stream: WatchStream = new WatchStream(this.#use, {
      refused: (watch, failure) => void this.#refused(watch, failure, stream.generation),
      ended: (failure) => void this.#ended(stream, failure),
    });
    const [oldest] = this.#streams;
    if (this.#streams.length === streamsMax && oldest !== undefined) {
      this.#forget(oldest);
      oldest.end(new Failure('unavailable', 'the watch stream made room for one with a newer token'));
    }
    this.#streams = [...this.#streams, stream];
    return stream;
  }

  /** A stream of an older token has nothing to do when its last watch is gone. */
  #dropIdle(): void {
    const isDone = (stream: WatchStream): boolean =>
      stream.isIdle && stream.generation !== this.#use.login.generation;
    for (const stream of this.#streams.filter(isDone)) stream.end(new Failure('closed', 'nobody watches'));
    this.#streams = this.#streams.filter((stream) => !isDone(stream));
  }

  #forget(stream: WatchStream): void {
    this.#streams = this.#streams.filter((each) => each !== stream);
  }

  /** A watch that is refused for the token of its stream is created once more, under a token that etcd accepts. */
  async #refused(watch: Watch, failure: Failure, generation: number): Promise<void> {
    try {
      await this.#mayGoAgain(watch, failure, generation);
    } catch (thrown) {
      const final = failureFrom(thrown);
      tellBroken(watch, final);
      if (final.kind === 'unauthenticated') this.#use.report(final);
      return;
    }
    watch.isSecondTry = true;
    if (!watch.closed) this.#create(watch);
  }

  /** Resolves when there is a reason to ask again; rejects with the failure that stands. */
  async #mayGoAgain(watch: Watch, failure: Failure, generation: number): Promise<void> {
    if (watch.isSecondTry) throw failure;
    const { login } = this.#use;
    if (failure.kind === 'unauthenticated') await login.renew(generation, failure);
    // Older releases say of a void token, too, that permission is denied (etcd issue 12385); of a read they do not.
    else if (failure.kind !== 'denied' || !login.isUsed || !(await this.#mayRead(watch.request)))
      throw failure;
  }

  /** For a void token the next stream needs another; anything else concerns the link. */
  async #ended(stream: WatchStream, failure: Failure): Promise<void> {
    this.#forget(stream);
    if (failure.kind !== 'unauthenticated') return this.#use.report(failure);
    try {
      await this.#use.login.renew(stream.generation, failure);
    } catch (thrown) {
      this.#use.report(failureFrom(thrown));
    }
  }
}
