/** The subscriptions of this process: who listens to what, who iterates, over views that are shared by prefix. */
import type { WatcherHubNews } from '../machines/index.js';
import { AllServices } from './all-services.js';
import type { CacheFile } from './cache-file.js';
import type { Engine } from './compose.js';
import { anyValue } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { abortError, registryError } from './failure-error.js';
import { type KnownUrls, knownUrls } from './known-urls.js';
import { ListenerSubscription, type Select, type SubscriberEvents } from './listener-subscription.js';
import { lookUp } from './lookup.js';
import { type Notified, notifiedOf } from './notified.js';
import type { NotifyListener } from './notifier.js';
import type { RegistrySettings } from './options.js';
import { overdueError } from './overdue.js';
import { type Waiters, waitWith } from './patience.js';
import { CategorySelection, type Recall, type Remembering, type Selection } from './selection.js';
import type { ServiceUrl } from './url.js';
import type { View } from './view.js';
import { LatestViews } from './view-iterator.js';
import { Views } from './views.js';
import type { Clock } from './world.js';

/** How `subscribe` waits for the first notification. */
export interface SubscribeOptions {
  /** Reject when the first listing fails or is overdue, and leave nothing behind. */
  readonly check: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** So long a start without etcd waits for it before what a cache file remembers is told. */
const recallMs = 1_000;

export class Subscriber {
  readonly #engine: Engine;
  readonly #events: SubscriberEvents;
  readonly #clock: Clock;
  readonly #notifyWindowMs: number;
  readonly #views: Views;
  readonly #select: Select;
  readonly #selectOrRecall: Select;
  #cache: CacheFile | undefined;
  readonly #subscriptions = new Map<string, Map<NotifyListener, ListenerSubscription>>();
  readonly #iterators = new Set<LatestViews>();
  #epoch = 0;
  readonly #asking: Waiters;

  constructor(
    engine: Engine,
    { layout, notifyWindowMs }: Pick<RegistrySettings, 'layout' | 'notifyWindowMs'>,
    events: SubscriberEvents,
    clock: Clock,
    asking: Waiters,
  ) {
    this.#asking = asking;
    this.#engine = engine;
    this.#events = events;
    this.#clock = clock;
    this.#notifyWindowMs = notifyWindowMs;
    this.#views = new Views(engine, clock);
    const selectWith =
      (recall?: Recall): Select =>
      (url, listener) =>
        url.serviceInterface === anyValue
          ? new AllServices(url, layout, this.#views, listener, recall)
          : new CategorySelection(url, layout, this.#views, listener, recall);
    this.#select = selectWith();
    this.#selectOrRecall = selectWith((selection) => this.#recallLater(selection));
  }

  /** Keeps what becomes known there, and tells what it remembers while etcd has not answered. */
  useCache(cache: CacheFile): void {
    this.#cache = cache;
  }

  get views(): Views {
    return this.#views;
  }

  /** What is subscribed or iterated. */
  *selections(): IterableIterator<Selection> {
    for (const { selection } of this.#listening()) yield selection;
    for (const { selection } of this.#iterators) yield selection;
  }

  urls(): readonly ServiceUrl[] {
    const byKey = new Map([...this.selections()].map(({ url }) => [url.canonicalKey, url]));
    return [...byKey.values()];
  }

  /** Resolves after the first notification; see {@link SubscribeOptions} for when it rejects. */
  async subscribe(url: ServiceUrl, listener: NotifyListener, options: SubscribeOptions): Promise<void> {
    const doing = `cannot subscribe to ${url.toString()}`;
    if (options.signal?.aborted === true) throw abortError(doing, options.signal);
    const known = this.#subscriptions.get(url.canonicalKey)?.get(listener);
    const subscription = known ?? this.#add(url, listener, options.check);
    subscription.callers += 1;
    try {
      const { check, timeoutMs, signal } = options;
      const { prefixes } = subscription.selection;
      const overdue = (): RegistryError | undefined =>
        check ? overdueError(this.#engine, { doing, timeoutMs }, prefixes) : undefined;
      await waitWith({ clock: this.#clock, doing, signal, timeoutMs, overdue }, (waiter) => {
        void subscription.first.then(
          () => {
            if (known === undefined) this.#events.subscribed(url);
            waiter.resolve();
          },
          (error: RegistryError) => waiter.reject(error),
        );
      });
    } catch (error) {
      if (known === undefined) this.#events.unsubscribable(url, error as RegistryError);
      subscription.callers -= 1;
      if (subscription.callers === 0)
        this.#remove(subscription, registryError('CLOSED', doing, 'the subscription was given up'));
      throw error;
    }
  }

  /** After this the listener is not called again. */
  unsubscribe(url: ServiceUrl, listener: NotifyListener): void {
    const subscription = this.#subscriptions.get(url.canonicalKey)?.get(listener);
    if (subscription === undefined) return;
    const doing = `cannot subscribe to ${url.toString()}`;
    this.#remove(
      subscription,
      new RegistryError('ABORTED', `${doing}: it was unsubscribed meanwhile; subscribe again`),
    );
  }

  /** Iterates over what the URL selects until the signal is aborted or the registry is closed. */
  watch(url: ServiceUrl, signal: AbortSignal | undefined): LatestViews {
    const iterator = new LatestViews(url, {
      select: this.#selectOrRecall,
      signal,
      now: () => ({ epoch: this.#epoch, since: this.#clock.now() }),
      undecodable: (key, error) => this.#events.undecodable(key, error),
      ended: (ended) => this.#iterators.delete(ended),
    });
    this.#iterators.add(iterator);
    if (signal?.aborted === true) iterator.close();
    else iterator.selection.open();
    return iterator;
  }

  /** All that the URL selects now; leaves nothing behind. */
  lookup(url: ServiceUrl, options: Omit<SubscribeOptions, 'check'>): Promise<readonly ServiceUrl[]> {
    const surroundings = {
      engine: this.#engine,
      views: this.#views,
      clock: this.#clock,
      select: this.#select,
      undecodable: (key: string, error: RegistryError) => this.#events.undecodable(key, error),
      waiters: this.#asking,
    };
    return lookUp(url, surroundings, options);
  }

  /** Patches the view that the news is about. */
  handle(news: WatcherHubNews): View | undefined {
    const view = this.#views.handle(news);
    if (view !== undefined && news.type !== 'watcher.stale') this.#cache?.changed();
    return view;
  }

  /** What is followed now, for the cache file. */
  known(): KnownUrls {
    return knownUrls(this.selections());
  }

  notified(): readonly Notified[] {
    return notifiedOf(this.#listening());
  }

  /** A link to etcd came up; `epoch` counts them. */
  linked(epoch: number): void {
    this.#epoch = epoch;
  }

  /** With an error for each; iterators end without one unless the registry has failed. */
  close(errorFor: (doing: string) => RegistryError, isFailure = false): void {
    for (const subscription of this.#listening()) {
      subscription.close(errorFor(`cannot subscribe to ${subscription.url.toString()}`));
    }
    for (const iterator of this.#iterators) {
      iterator.close(isFailure ? errorFor(`cannot watch ${iterator.url.toString()}`) : undefined);
    }
    this.#subscriptions.clear();
    this.#views.clear();
  }

  *#listening(): IterableIterator<ListenerSubscription> {
    for (const listeners of this.#subscriptions.values()) yield* listeners.values();
  }

  #recallLater(selection: Remembering): () => void {
    const cache = this.#cache;
    if (selection.resume() || cache === undefined) return () => {};
    let isWanted = true;
    const timer = this.#clock.setTimeout(() => {
      void cache.remembered(selection.url).then((found) => {
        if (isWanted && found !== undefined) selection.remember(found.urls, found.staleness);
      });
    }, recallMs);
    return () => {
      isWanted = false;
      this.#clock.clearTimeout(timer);
    };
  }

  #add(url: ServiceUrl, listener: NotifyListener, check: boolean): ListenerSubscription {
    const subscription = new ListenerSubscription(url, listener, {
      select: check ? this.#select : this.#selectOrRecall,
      events: this.#events,
      clock: this.#clock,
      notifyWindowMs: this.#notifyWindowMs,
    });
    const listeners =
      this.#subscriptions.get(url.canonicalKey) ?? new Map<NotifyListener, ListenerSubscription>();
    this.#subscriptions.set(url.canonicalKey, listeners);
    listeners.set(listener, subscription);
    subscription.selection.open();
    this.#cache?.changed();
    return subscription;
  }

  /** Does nothing for a subscription that was removed before, even if its place was taken by another since. */
  #remove(subscription: ListenerSubscription, error: RegistryError): void {
    const listeners = this.#subscriptions.get(subscription.url.canonicalKey);
    if (listeners?.get(subscription.listener) !== subscription) return;
    subscription.close(error);
    listeners.delete(subscription.listener);
    if (listeners.size === 0) this.#subscriptions.delete(subscription.url.canonicalKey);
  }
}
