/**
 * What one consumer URL selects: a list of URLs for each of its categories, kept up to date. Subscriptions, iterators
 * and lookups differ only in what they do with it. All services at once are in all-services.ts.
 */
import type { FailureFact } from '../machines/index.js';
import type { RegistryError } from './errors.js';
import type { KeyLayout } from './key-layout.js';
import type { ServiceUrl } from './url.js';
import { UrlList } from './url-list.js';
import type { Staleness } from './view.js';
import type { Views } from './views.js';

/** Who reads a selection. The methods must not throw. */
export interface SelectionListener {
  /** Every category is settled; told first, and once. */
  known(): void;
  /** A list equals etcd again; `isNews` when its URLs are others than at the last time. */
  settled(list: UrlList, isNews: boolean): void;
  /** A list may be out of date until it is settled again. */
  stale(list: UrlList, staleness: Staleness): void;
  denied(path: string, failure: FailureFact): void;
  undecodable(key: string, error: RegistryError): void;
  /** True while somebody who was told the list has still to hear what became of it, so that it must not be forgotten. */
  isPending(list: UrlList): boolean;
  /** The list is gone, and nobody needs to be told. */
  forgotten(list: UrlList): void;
}

/** What a URL selects, as lists by service and category. */
export interface Selection {
  readonly url: ServiceUrl;
  /** The prefixes it reads. */
  readonly prefixes: readonly string[];
  /** True while all of it equals etcd. */
  readonly isLive: boolean;
  lists(): Iterable<UrlList>;
  /** Begins to read; the listener may be called before this returns. */
  open(): void;
  close(): void;
}

/** What can be told URLs of an earlier time. */
export interface Remembering {
  readonly url: ServiceUrl;
  /** Tells what those who follow the same were told last, while that is not confirmed; false where somebody is still to be known. */
  resume(): boolean;
  /** Tells them where etcd has not said yet what there is now. */
  remember(urls: readonly ServiceUrl[], staleness: Staleness): void;
}

/** Has a selection told what is remembered if etcd does not answer; returns what takes that back. */
export type Recall = (selection: Remembering) => () => void;

/** The categories of one service, each read from a view of its own. */
export class CategorySelection implements Selection, Remembering {
  readonly url: ServiceUrl;
  readonly prefixes: readonly string[];
  readonly #views: Views;
  readonly #listener: SelectionListener;
  readonly #recall: Recall | undefined;
  readonly #lists: readonly UrlList[];
  #isKnown = false;
  #isClosed = false;
  #unrecall: (() => void) | undefined;

  constructor(
    url: ServiceUrl,
    layout: KeyLayout,
    views: Views,
    listener: SelectionListener,
    recall?: Recall,
  ) {
    this.url = url;
    this.#recall = recall;
    this.#views = views;
    this.#listener = listener;
    const paths = layout.categoryPaths(url);
    this.#lists = layout.categories(url).map(
      (category, index) =>
        new UrlList(url, category, paths[index] ?? '', {
          settled: (list, isNews) => this.#settled(list, isNews),
          stale: (list, staleness) => this.#isKnown && listener.stale(list, staleness),
          denied: (list, failure) => listener.denied(list.path, failure),
          undecodable: (key, error) => listener.undecodable(key, error),
        }),
    );
    this.prefixes = this.#lists.map(({ prefix }) => prefix);
  }

  get isLive(): boolean {
    return this.#lists.every(({ isSettled, staleness }) => isSettled && staleness === undefined);
  }

  lists(): readonly UrlList[] {
    return this.#lists;
  }

  open(): void {
    for (const list of this.#lists) {
      this.#views.add(list.prefix, list);
      // A list that may not be read ends some listeners.
      if (this.#isClosed) return;
    }
    if (!this.#isKnown) this.#unrecall = this.#recall?.(this);
  }

  remember(urls: readonly ServiceUrl[], staleness: Staleness): void {
    for (const list of this.#lists) list.remember(urls, staleness);
  }

  resume(): boolean {
    for (const list of this.#lists) {
      const { settledAt, stale } = this.#views.get(list.prefix) ?? {};
      if (settledAt !== undefined && stale !== undefined) list.resume(settledAt, stale);
    }
    return this.#isKnown;
  }

  close(): void {
    this.#isClosed = true;
    this.#unrecall?.();
    for (const list of this.#lists) this.#views.remove(list.prefix, list);
  }

  #settled(list: UrlList, isNews: boolean): void {
    if (this.#isKnown) {
      this.#listener.settled(list, isNews);
    } else if (this.#lists.every(({ isSettled }) => isSettled)) {
      this.#isKnown = true;
      this.#unrecall?.();
      this.#listener.known();
    }
  }
}
