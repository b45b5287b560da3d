/**
 * Delivers to one listener: in order, one pass at a time, latest wins. The first change after a quiet time is told at
 * once; what follows within the window is told together when it ends. A listener that throws is called again with the
 * latest content after a delay; one that hangs holds back only itself; after `close` none is called.
 */
import type { ServiceUrl } from './url.js';
import type { UrlList } from './url-list.js';
import type { Position, Staleness } from './view.js';
import type { Clock } from './world.js';

/** What a notification is about. */
export interface NotificationInfo extends Position {
  readonly category: string;
  /** The interface it is about; for a subscription to `interface=*` each in turn. */
  readonly service: string;
  /** Set when the list may be out of date. */
  readonly stale: Staleness | undefined;
}

/** Hears the whole list of one category; an empty category is one `empty://` URL. May be asynchronous. */
export type NotifyListener = (urls: readonly ServiceUrl[], info: NotificationInfo) => unknown;

/** What a listener was told last of one list. */
export interface Told extends Position {
  readonly urls: readonly ServiceUrl[];
}

/** Configurators and routers come before what they apply to. */
const categoryOrder: readonly string[] = ['configurators', 'routers', 'consumers', 'providers'];

const retryMsFirst = 100;
const retryMsMax = 5_000;

/** What a notifier needs beside its listener. */
export interface NotifierSurroundings {
  readonly clock: Clock;
  /** Hears what the listener throws or rejects with. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds from one pass to the next, unless the listener has failed; 0 to tell at every turn. */
  readonly windowMs: number;
}

export class Notifier {
  readonly #listener: NotifyListener;
  readonly #surroundings: NotifierSurroundings;
  readonly #pending = new Set<UrlList>();
  readonly #told = new WeakMap<UrlList, Told>();
  /** Takes back the delivery that is due; a function, because clearing one kind of timer as another corrupts Node's queues. */
  #unschedule: (() => void) | undefined;
  /** Set from a pass until the next may begin. */
  #window: unknown;
  /** What is to be told together first. */
  readonly #awaited = new Set<UrlList>();
  #isDelivering = false;
  #failures = 0;
  #closed = false;
  #afterPass: (() => void) | undefined;

  constructor(listener: NotifyListener, surroundings: NotifierSurroundings) {
    this.#listener = listener;
    this.#surroundings = surroundings;
  }

  /** Has this list told soon, with whatever it contains then. */
  offer(list: UrlList): void {
    this.#pending.add(list);
    this.#schedule();
  }

  /** A list is settled again without news; what waited for that can go on. */
  remind(): void {
    if (this.#pending.size > 0) this.#schedule();
  }

  /** True while the listener has still to be told how this list, of which it knows, has changed. */
  isPending(list: UrlList): boolean {
    return this.#pending.has(list) && this.#told.has(list);
  }

  /** This list need not be told any more. */
  forget(list: UrlList): void {
    this.#pending.delete(list);
    this.#awaited.delete(list);
    this.#scheduleRest();
  }

  /** What the listener was called with last about this list, even if it threw. */
  toldOf(list: UrlList): Told | undefined {
    return this.#told.get(list);
  }

  /** Tells every list offered so far, all of them together, and resolves then, or when the notifier is closed. */
  told(): Promise<void> {
    for (const list of this.#pending) this.#awaited.add(list);
    return new Promise((resolve) => {
      this.#afterPass = resolve;
      this.#schedule();
    });
  }

  /** No call begins after this. */
  close(): void {
    this.#closed = true;
    this.#pending.clear();
    this.#unschedule?.();
    this.#surroundings.clock.clearTimeout(this.#window);
    this.#afterPass?.();
  }

  /** At the end of the current turn, so that answers that arrive together are told together. */
  #schedule(): void {
    const isBusy = this.#isDelivering || this.#unschedule !== undefined || this.#window !== undefined;
    if (this.#closed || isBusy) return;
    this.#unschedule = this.#surroundings.clock.soon(() => this.#deliver());
  }

  #openWindow(): void {
    const { clock, windowMs } = this.#surroundings;
    clock.clearTimeout(this.#window);
    if (windowMs === 0) return;
    this.#window = clock.setTimeout(() => {
      this.#window = undefined;
      this.#scheduleRest();
    }, windowMs);
  }

  #scheduleRest(): void {
    const isAwaited = this.#afterPass !== undefined && this.#awaited.size === 0;
    if (isAwaited || this.#due().length > 0) this.#schedule();
  }

  /** What can be told now. */
  #due(): UrlList[] {
    for (const list of this.#awaited) if (!list.isSettled) return [];
    return [...this.#pending].filter((list) => list.isSettled);
  }

  #deliver(): void {
    this.#unschedule = undefined;
    const lists = this.#due().sort(byCategory);
    this.#isDelivering = true;
    if (lists.length > 0) this.#openWindow();
    const calls = lists.map((list) => this.#tell(list));
    if (this.#awaited.size === 0) {
      this.#afterPass?.();
      this.#afterPass = undefined;
    }
    void Promise.all(calls).then((outcomes) => this.#passed(outcomes));
  }

  async #tell(list: UrlList): Promise<'told' | 'failed'> {
    const { position } = list;
    if (this.#closed || position === undefined) return 'told';
    this.#pending.delete(list);
    this.#awaited.delete(list);
    try {
      const { category, service, staleness: stale } = list;
      const urls = list.urls();
      this.#told.set(list, { ...position, urls });
      await this.#listener(urls, { ...position, category, service, stale });
      return 'told';
    } catch (error) {
      if (this.#closed) return 'told';
      this.#pending.add(list);
      this.#surroundings.onError(error);
      return 'failed';
    }
  }

  #passed(outcomes: readonly ('told' | 'failed')[]): void {
    const hasFailed = outcomes.includes('failed');
    this.#isDelivering = false;
    if (outcomes.length > 0) this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (this.#closed) return;
    if (hasFailed) this.#scheduleRetry();
    else this.#scheduleRest();
  }

  #scheduleRetry(): void {
    const { clock } = this.#surroundings;
    const delayMs = Math.min(retryMsMax, retryMsFirst * 2 ** Math.min(this.#failures - 1, 10));
    const timer = clock.setTimeout(() => this.#deliver(), delayMs);
    this.#unschedule = () => clock.clearTimeout(timer);
  }
}

/** Orders lists as listeners are told them. */
export function byCategory(a: UrlList, b: UrlList): number {
  return rank(a) - rank(b);
}

function rank(list: UrlList): number {
  const index = categoryOrder.indexOf(list.category);
  return index < 0 ? categoryOrder.length : index;
}
