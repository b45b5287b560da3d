/**
 * Delivers to one listener: in order, one pass at a time, latest wins. A listener that throws is called again with
 * the latest content after a delay; one that hangs holds back only itself; after `close` none is called.
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

/** Configurators and routers come before what they apply to. */
const categoryOrder: readonly string[] = ['configurators', 'routers', 'consumers', 'providers'];

const retryMsFirst = 100;
const retryMsMax = 5_000;

export class Notifier {
  readonly #listener: NotifyListener;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #pending = new Set<UrlList>();
  /** Takes back the delivery that is due; a function, because clearing one kind of timer as another corrupts Node's queues. */
  #unschedule: (() => void) | undefined;
  #isDelivering = false;
  #failures = 0;
  #closed = false;
  #afterPass: (() => void) | undefined;

  constructor(listener: NotifyListener, onError: (error: unknown) => void, clock: Clock) {
    this.#listener = listener;
    this.#onError = onError;
    this.#clock = clock;
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

  /** True while the listener has still to be told this list. */
  isPending(list: UrlList): boolean {
    return this.#pending.has(list);
  }

  /** Resolves once every list offered so far was told, or the notifier is closed. */
  told(): Promise<void> {
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
    this.#afterPass?.();
  }

  /** At the end of the current turn, so that answers that arrive together are told together. */
  #schedule(): void {
    if (this.#closed || this.#isDelivering || this.#unschedule !== undefined) return;
    this.#unschedule = this.#clock.soon(() => this.#deliver());
  }

  #deliver(): void {
    this.#unschedule = undefined;
    const lists = [...this.#pending].filter((list) => list.isSettled).sort(byCategory);
    this.#isDelivering = true;
    const calls = lists.map((list) => this.#tell(list));
    this.#afterPass?.();
    this.#afterPass = undefined;
    void Promise.all(calls).then((outcomes) => this.#passed(outcomes));
  }

  async #tell(list: UrlList): Promise<'told' | 'failed'> {
    const { position } = list;
    if (this.#closed || position === undefined) return 'told';
    this.#pending.delete(list);
    try {
      const { category, service, staleness: stale } = list;
      await this.#listener(list.urls(), { ...position, category, service, stale });
      return 'told';
    } catch (error) {
      if (this.#closed) return 'told';
      this.#pending.add(list);
      this.#onError(error);
      return 'failed';
    }
  }

  #passed(outcomes: readonly ('told' | 'failed')[]): void {
    const hasFailed = outcomes.includes('failed');
    this.#isDelivering = false;
    if (outcomes.length > 0) this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (this.#closed) return;
    if (hasFailed) {
      const delayMs = Math.min(retryMsMax, retryMsFirst * 2 ** Math.min(this.#failures - 1, 10));
      const timer = this.#clock.setTimeout(() => this.#deliver(), delayMs);
      this.#unschedule = () => this.#clock.clearTimeout(timer);
    } else if ([...this.#pending].some((list) => list.isSettled)) {
      this.#schedule();
    }
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
