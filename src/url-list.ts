/**
 * One category of one subscription: the URLs under a view's prefix that match the consumer, in key order. Patched
 * change by change, so that one change among 10,000 providers costs one parse and one insertion.
 */
import type { Entry, EntryChange, FailureFact } from '../machines/index.js';
import { RegistryError } from './errors.js';
import { childOf, prefixOf } from './key-layout.js';
import { percentEncode } from './percent-coding.js';
import type { ServiceUrl } from './url.js';
import { emptyUrlFor, isMatch, urlOfChild } from './url-match.js';
import type { Position, Staleness, ViewReader } from './view.js';

/** What a list tells its subscription. */
export interface UrlListListener {
  /** `isNews` when the matching URLs are others than at the last time. */
  settled(list: UrlList, isNews: boolean): void;
  /** What the list contains may be out of date; told only after it was settled once. */
  stale(list: UrlList, staleness: Staleness): void;
  denied(list: UrlList, failure: FailureFact): void;
  undecodable(key: string, error: RegistryError): void;
}

/** The position of what was only remembered. */
const neverRead: Position = { history: 0, revision: '0' };

export class UrlList implements ViewReader {
  readonly category: string;
  readonly path: string;
  /** The prefix of the view it reads. */
  readonly prefix: string;
  readonly #consumer: ServiceUrl;
  readonly #listener: UrlListListener;
  readonly #keys: string[] = [];
  readonly #urls: ServiceUrl[] = [];
  #position: Position | undefined;
  #size = 0;
  #staleness: Staleness | undefined;
  #isSettled = false;
  /** True once etcd has said anything. */
  #isRead = false;
  /** True while the listener does not know the present content. */
  #isNews = true;

  constructor(
    consumer: ServiceUrl,
    category: string,
    path: string,
    listener: UrlListListener,
    prefix: string = prefixOf(path),
  ) {
    this.#consumer = consumer;
    this.category = category;
    this.path = path;
    this.prefix = prefix;
    this.#listener = listener;
  }

  /** The position of the last settled content; undefined before the first. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** False while the content is ahead of the last settled position. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The matching URLs, or one empty URL for none (Dubbo 2.7: NotifyListener.notify). */
  urls(): readonly ServiceUrl[] {
    return this.#urls.length > 0 ? [...this.#urls] : [emptyUrlFor(this.#consumer, this.category)];
  }

  /** Whose list it is. */
  get consumer(): ServiceUrl {
    return this.#consumer;
  }

  /** The interface asked for. */
  get service(): string {
    return this.#consumer.serviceInterface ?? '';
  }

  get staleness(): Staleness | undefined {
    return this.#staleness;
  }

  /** The matching URLs; none where nobody provides. */
  providers(): readonly ServiceUrl[] {
    return [...this.#urls];
  }

  /** How many URLs match in the last settled content, which those who follow the list hold. */
  get size(): number {
    return this.#size;
  }

  /** Takes in what was known at an earlier time, unless etcd has said what it is now. */
  remember(urls: readonly ServiceUrl[], staleness: Staleness): void {
    if (this.#position !== undefined || this.#isRead) return;
    const own = urls.filter(({ category }) => category === this.category);
    const byKey = new Map(own.map((url) => [`${this.path}/${percentEncode(url.toFullString())}`, url]));
    for (const key of [...byKey.keys()].sort()) this.#put(key);
    this.resume(neverRead, staleness);
  }

  /** Takes what it holds for what was true at that position, until it is settled. */
  resume(position: Position, staleness: Staleness): void {
    if (this.#position !== undefined) return;
    this.#position = position;
    this.#size = this.#urls.length;
    this.#staleness = staleness;
    this.#isSettled = true;
    this.#isNews = false;
    this.#listener.settled(this, true);
  }

  replaced(entries: Iterable<Entry>): void {
    const wasNews = this.#isNews;
    this.#isRead = true;
    const before = this.#keys.splice(0);
    this.#urls.length = 0;
    for (const { key } of entries) this.#put(key);
    this.#isNews =
      wasNews || before.length !== this.#keys.length || before.some((key, at) => key !== this.#keys[at]);
    this.#isSettled = false;
  }

  changed(changes: readonly EntryChange[]): void {
    for (const change of changes) {
      if (change.type === 'delete') this.#delete(change.key);
      else this.#put(change.key);
    }
    this.#isSettled = false;
  }

  settled(position: Position): void {
    const isNews = this.#isNews || this.#position === neverRead;
    this.#position = position;
    this.#size = this.#urls.length;
    this.#staleness = undefined;
    this.#isSettled = true;
    this.#isNews = false;
    this.#listener.settled(this, isNews);
  }

  stale(staleness: Staleness): void {
    this.#staleness = staleness;
    if (this.#position !== undefined) this.#listener.stale(this, staleness);
  }

  denied(failure: FailureFact): void {
    this.#listener.denied(this, failure);
  }

  #put(key: string): void {
    const at = this.#find(key);
    if (this.#keys[at] === key) return;
    const url = this.#decode(key);
    if (url === undefined || !isMatch(this.#consumer, url)) return;
    this.#keys.splice(at, 0, key);
    this.#urls.splice(at, 0, url);
    this.#isNews = true;
  }

  #delete(key: string): void {
    const at = this.#find(key);
    if (this.#keys[at] !== key) return;
    this.#keys.splice(at, 1);
    this.#urls.splice(at, 1);
    this.#isNews = true;
  }

  /** One foreign key that cannot be read must not hide its neighbours. */
  #decode(key: string): ServiceUrl | undefined {
    const name = childOf(this.path, key);
    if (name === undefined) return undefined;
    try {
      return urlOfChild(name);
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      this.#listener.undecodable(key, thrown);
      return undefined;
    }
  }

  /** The index of the key, or where it belongs. New keys mostly come in order, so the end is tried first. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    const last = this.#keys[high - 1];
    if (last === undefined || last < key) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
