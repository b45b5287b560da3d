/** One listener on one consumer URL: what the URL selects, delivered by a notifier. */
import type { FailureFact } from '../machines/index.js';
import type { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import { type NotificationInfo, Notifier, type NotifyListener, type Told } from './notifier.js';
import type { Selection, SelectionListener } from './selection.js';
import type { ServiceUrl } from './url.js';
import type { UrlList } from './url-list.js';
import type { Clock } from './world.js';

/** What is told beside the listener; handlers must not throw. */
export interface SubscriberEvents {
  listenerError(error: unknown): void;
  undecodable(key: string, error: RegistryError): void;
  /** The listener was told for the first time. */
  subscribed(url: ServiceUrl): void;
  /** The first attempt failed. */
  unsubscribable(url: ServiceUrl, error: RegistryError): void;
  /** A listener is about to be told. */
  notified(urls: readonly ServiceUrl[], info: NotificationInfo): void;
}

/** Makes the selection of a URL for whoever reads it. */
export type Select = (url: ServiceUrl, listener: SelectionListener) => Selection;

export interface ListenerSurroundings {
  readonly select: Select;
  readonly events: SubscriberEvents;
  readonly clock: Clock;
  /** See {@link RegistryOptions.notifyWindowMs}. */
  readonly notifyWindowMs: number;
}

export class ListenerSubscription implements SelectionListener {
  readonly url: ServiceUrl;
  readonly listener: NotifyListener;
  readonly selection: Selection;
  /** How many have asked for it and not given it up. */
  callers = 0;
  readonly #events: SubscriberEvents;
  readonly #notifier: Notifier;
  readonly #first: Promise<void>;
  #resolveFirst: () => void = () => {};
  #rejectFirst: (error: RegistryError) => void = () => {};

  constructor(url: ServiceUrl, listener: NotifyListener, surroundings: ListenerSurroundings) {
    const { select, events, clock, notifyWindowMs: windowMs } = surroundings;
    this.url = url;
    this.listener = listener;
    this.#events = events;
    const onError = (error: unknown): void => events.listenerError(error);
    const announced: NotifyListener = (urls, info) => {
      events.notified(urls, info);
      return listener(urls, info);
    };
    this.#notifier = new Notifier(announced, { clock, onError, windowMs });
    this.#first = new Promise((resolve, reject) => {
      this.#resolveFirst = resolve;
      this.#rejectFirst = reject;
    });
    this.#first.catch(() => {});
    this.selection = select(url, this);
  }

  /** Resolves when the listener was told every category once. */
  get first(): Promise<void> {
    return this.#first;
  }

  /** What the listener was told last of this list. */
  toldOf(list: UrlList): Told | undefined {
    return this.#notifier.toldOf(list);
  }

  close(error: RegistryError): void {
    this.selection.close();
    this.#notifier.close();
    this.#rejectFirst(error);
  }

  /** The first notification covers all categories, so none is told before all are known. */
  known(): void {
    for (const list of this.selection.lists()) this.#notifier.offer(list);
    void this.#notifier.told().then(() => this.#resolveFirst());
  }

  settled(list: UrlList, isNews: boolean): void {
    if (isNews) this.#notifier.offer(list);
    else this.#notifier.remind();
  }

  /** A listener hears of content only; `status()`, the events and iterators tell what is stale. */
  stale(): void {}

  denied(path: string, failure: FailureFact): void {
    this.#rejectFirst(errorFrom(`cannot subscribe to ${path}`, failure, { key: path }));
  }

  undecodable(key: string, error: RegistryError): void {
    this.#events.undecodable(key, error);
  }

  isPending(list: UrlList): boolean {
    return this.#notifier.isPending(list);
  }

  forgotten(list: UrlList): void {
    this.#notifier.forget(list);
  }
}
