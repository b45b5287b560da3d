/**
 * What a consumer URL selects, for those who ask instead of listening: an asynchronous iterator that gives each category
 * as it is when asked. It remembers which categories changed, not how often, so its size does not grow with time.
 */
import type { FailureFact } from '../machines/index.js';
import type { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import type { Select } from './listener-subscription.js';
import { byCategory } from './notifier.js';
import type { Selection, SelectionListener } from './selection.js';
import type { ServiceUrl } from './url.js';
import type { UrlList } from './url-list.js';
import type { Position, Staleness } from './view.js';

/** One category of one service, whole. */
export interface RegistryView extends Position {
  readonly service: string;
  readonly category: string;
  /** All that match, in the order of their keys; none where nobody provides. */
  readonly urls: readonly ServiceUrl[];
  /** Those that this iterator did not give last time; all, the first time. */
  readonly added: readonly ServiceUrl[];
  /** Those that it gave last time and that are gone. */
  readonly removed: readonly ServiceUrl[];
  /** The link to etcd it was heard over, counted as in `status().connection`; 0 before the first. */
  readonly epoch: number;
  /** Since when it has been so, in milliseconds since 1970: when it was heard, or when it became stale. */
  readonly since: number;
  /** Set while the view may be out of date: since when, and why. Another view follows when it is live again. */
  readonly stale: Staleness | undefined;
}

/** When something was heard, and over which link. */
export type Moment = Pick<RegistryView, 'epoch' | 'since'>;

/** Gives a view for each category first, then whenever one changes, becomes stale, or live again. */
export type ViewIterator = AsyncIterableIterator<RegistryView> & AsyncDisposable;

export interface ViewIteratorSurroundings {
  readonly select: Select;
  readonly signal: AbortSignal | undefined;
  readonly now: () => Moment;
  readonly undecodable: (key: string, error: RegistryError) => void;
  /** Told once, when the iterator has ended, however it did. */
  readonly ended: (iterator: LatestViews) => void;
}

interface Pull {
  resolve(result: IteratorResult<RegistryView, undefined>): void;
  reject(error: RegistryError): void;
}

/** A stale list is given as it was when it became so, because it may be half way to the next revision when asked for. */
interface Pending extends Moment {
  readonly stale: { readonly urls: readonly ServiceUrl[]; readonly staleness: Staleness } | undefined;
}

export class LatestViews implements ViewIterator, SelectionListener {
  readonly url: ServiceUrl;
  readonly selection: Selection;
  readonly #surroundings: ViewIteratorSurroundings;
  readonly #pending = new Map<UrlList, Pending>();
  readonly #given = new WeakMap<UrlList, RegistryView>();
  readonly #pulls: Pull[] = [];
  readonly #end = (): void => this.close();
  #error: RegistryError | undefined;
  #isOver = false;

  constructor(url: ServiceUrl, surroundings: ViewIteratorSurroundings) {
    this.url = url;
    this.#surroundings = surroundings;
    this.selection = surroundings.select(url, this);
    surroundings.signal?.addEventListener('abort', this.#end);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<RegistryView, undefined>> {
    return new Promise((resolve, reject) => {
      this.#pulls.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<RegistryView, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Ends it; with an error, whoever asks next gets that. Idempotent. */
  close(error?: RegistryError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#pending.clear();
    this.#surroundings.signal?.removeEventListener('abort', this.#end);
    this.selection.close();
    this.#surroundings.ended(this);
    this.#serve();
  }

  known(): void {
    for (const list of [...this.selection.lists()].sort(byCategory)) this.#setLive(list);
    this.#serve();
  }

  settled(list: UrlList, isNews: boolean): void {
    const isAwaited = this.#pending.has(list) || this.#given.get(list)?.stale !== undefined;
    if (isNews || isAwaited) this.#setLive(list);
    this.#serve();
  }

  stale(list: UrlList, staleness: Staleness): void {
    const { epoch } = this.#surroundings.now();
    const stale = { urls: list.providers(), staleness };
    this.#pending.set(list, { epoch, since: staleness.since, stale });
    this.#serve();
  }

  denied(path: string, failure: FailureFact): void {
    this.close(errorFrom(`cannot watch ${path}`, failure, { key: path }));
  }

  undecodable(key: string, error: RegistryError): void {
    this.#surroundings.undecodable(key, error);
  }

  isPending(list: UrlList): boolean {
    return this.#pending.has(list) && this.#given.has(list);
  }

  forgotten(list: UrlList): void {
    this.#pending.delete(list);
  }

  #setLive(list: UrlList): void {
    const { epoch, since } = this.#surroundings.now();
    this.#pending.set(list, { epoch, since: list.staleness?.since ?? since, stale: undefined });
  }

  #serve(): void {
    while (this.#pulls.length > 0) {
      const view = this.#isOver ? undefined : this.#take();
      if (view === undefined && !this.#isOver) return;
      const pull = this.#pulls.shift();
      if (view !== undefined) pull?.resolve({ done: false, value: view });
      else if (this.#error === undefined) pull?.resolve({ done: true, value: undefined });
      else {
        pull?.reject(this.#error);
        this.#error = undefined;
      }
    }
  }

  /** The first category that waits and can be told. */
  #take(): RegistryView | undefined {
    for (const [list, pending] of this.#pending) {
      const { position } = list;
      if (position === undefined || (pending.stale === undefined && !list.isSettled)) continue;
      this.#pending.delete(list);
      const view = this.#viewOf(list, position, pending);
      const given = this.#given.get(list);
      // It changed and changed back, or was stale for a while, and nobody asked meanwhile.
      const isKnown = view.added.length === 0 && view.removed.length === 0 && view.stale === given?.stale;
      if (given !== undefined && isKnown) continue;
      this.#given.set(list, view);
      return view;
    }
    return undefined;
  }

  #viewOf(list: UrlList, position: Position, { stale, epoch, since }: Pending): RegistryView {
    const { service, category } = list;
    const { urls, staleness } = stale ?? { urls: list.providers(), staleness: list.staleness };
    const before = this.#given.get(list)?.urls ?? [];
    const added = missingFrom(before, urls);
    const removed = missingFrom(urls, before);
    return { service, category, urls, added, removed, ...position, epoch, since, stale: staleness };
  }
}

/** Those of `urls` that `others` does not have. */
function missingFrom(others: readonly ServiceUrl[], urls: readonly ServiceUrl[]): readonly ServiceUrl[] {
  const texts = new Set(others.map((url) => url.toFullString()));
  return urls.filter((url) => !texts.has(url.toFullString()));
}
