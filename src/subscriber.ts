/** The subscriptions of this process: who listens to what, over views that are shared by prefix. */
import type { FailureFact, WatcherHubNews } from '../machines/index.js';
import type { Engine } from './compose.js';
import { RegistryError } from './errors.js';
import { abortError, errorFrom, registryError } from './failure-error.js';
import { type KeyLayout, prefixOf } from './key-layout.js';
import { Notifier, type NotifyListener } from './notifier.js';
import { overdueError } from './overdue.js';
import { waitWith } from './patience.js';
import type { ServiceUrl } from './url.js';
import { UrlList } from './url-list.js';
import { View } from './view.js';
import type { Clock } from './world.js';

export interface SubscribeOptions {
  /** Reject when the first listing fails or is overdue, and leave nothing behind. */
  readonly check: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SubscriberEvents {
  listenerError(error: unknown): void;
  undecodable(key: string, error: RegistryError): void;
}

/** One listener on one consumer URL. */
export class ListenerSubscription {
  readonly url: ServiceUrl;
  readonly listener: NotifyListener;
  readonly lists: readonly UrlList[];
  readonly #notifier: Notifier;
  readonly #first: Promise<void>;
  #resolveFirst: () => void = () => {};
  #rejectFirst: (error: RegistryError) => void = () => {};
  #isStarted = false;

  constructor(
    url: ServiceUrl,
    listener: NotifyListener,
    surroundings: { readonly layout: KeyLayout; readonly events: SubscriberEvents; readonly clock: Clock },
  ) {
    const { layout, events, clock } = surroundings;
    this.url = url;
    this.listener = listener;
    this.#notifier = new Notifier(listener, (error) => events.listenerError(error), clock);
    this.#first = new Promise((resolve, reject) => {
      this.#resolveFirst = resolve;
      this.#rejectFirst = reject;
    });
    this.#first.catch(() => {});
    const paths = layout.categoryPaths(url);
    this.lists = layout.categories(url).map(
      (category, index) =>
        new UrlList(url, category, paths[index] ?? '', {
          settled: (list, isNews) => this.#settled(list, isNews),
          denied: (list, failure) => this.#denied(list, failure),
          undecodable: (key, error) => events.undecodable(key, error),
        }),
    );
  }

  /** Resolves when the listener was told every category once. */
  get first(): Promise<void> {
    return this.#first;
  }

  close(error: RegistryError): void {
    this.#notifier.close();
    this.#rejectFirst(error);
  }

  /** The first notification covers all categories, so none is told before all are known. */
  #settled(list: UrlList, isNews: boolean): void {
    if (this.#isStarted) {
      if (isNews) this.#notifier.offer(list);
      else this.#notifier.remind();
      return;
    }
    if (this.lists.some((other) => other.position === undefined)) return;
    this.#isStarted = true;
    for (const every of this.lists) this.#notifier.offer(every);
    void this.#notifier.told().then(() => this.#resolveFirst());
  }

  #denied(list: UrlList, failure: FailureFact): void {
    this.#rejectFirst(errorFrom(`cannot subscribe to ${list.path}`, failure, { key: list.path }));
  }
}

export class Subscriber {
  readonly #engine: Engine;
  readonly #layout: KeyLayout;
  readonly #events: SubscriberEvents;
  readonly #clock: Clock;
  readonly #views = new Map<string, View>();
  readonly #subscriptions = new Map<string, Map<NotifyListener, ListenerSubscription>>();

  constructor(engine: Engine, layout: KeyLayout, events: SubscriberEvents, clock: Clock) {
    this.#engine = engine;
    this.#layout = layout;
    this.#events = events;
    this.#clock = clock;
  }

  get views(): ReadonlyMap<string, View> {
    return this.#views;
  }

  *subscriptions(): IterableIterator<ListenerSubscription> {
    for (const listeners of this.#subscriptions.values()) yield* listeners.values();
  }

  /** Resolves after the first notification; see {@link SubscribeOptions} for when it rejects. */
  async subscribe(url: ServiceUrl, listener: NotifyListener, options: SubscribeOptions): Promise<void> {
    const doing = `cannot subscribe to ${url.toString()}`;
    if (options.signal?.aborted === true) throw abortError(doing, options.signal);
    const known = this.#subscriptions.get(url.canonicalKey)?.get(listener);
    const subscription =
      known ??
      this.#add(
        new ListenerSubscription(url, listener, {
          layout: this.#layout,
          events: this.#events,
          clock: this.#clock,
        }),
      );
    try {
      const { check, timeoutMs, signal } = options;
      const prefixes = subscription.lists.map(({ path }) => prefixOf(path));
      const overdue = (): RegistryError | undefined =>
        check ? overdueError(this.#engine, { doing, timeoutMs }, prefixes) : undefined;
      await waitWith({ clock: this.#clock, doing, signal, timeoutMs, overdue }, (waiter) => {
        void subscription.first.then(
          () => waiter.resolve(),
          (error: RegistryError) => waiter.reject(error),
        );
      });
    } catch (error) {
      if (known === undefined)
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

  /** Patches the view that the news is about. */
  handle(news: WatcherHubNews): View | undefined {
    const view = this.#views.get(news.prefix);
    view?.apply(news, this.#clock.now());
    return view;
  }

  close(errorFor: (doing: string) => RegistryError): void {
    for (const subscription of this.subscriptions()) {
      subscription.close(errorFor(`cannot subscribe to ${subscription.url.toString()}`));
    }
    this.#subscriptions.clear();
    this.#views.clear();
  }

  #add(subscription: ListenerSubscription): ListenerSubscription {
    const { url, listener } = subscription;
    const listeners =
      this.#subscriptions.get(url.canonicalKey) ?? new Map<NotifyListener, ListenerSubscription>();
    this.#subscriptions.set(url.canonicalKey, listeners);
    listeners.set(listener, subscription);
    for (const list of subscription.lists) this.#viewOf(prefixOf(list.path)).add(list);
    return subscription;
  }

  /** Does nothing for a subscription that was removed before, even if its place was taken by another since. */
  #remove(subscription: ListenerSubscription, error: RegistryError): void {
    const listeners = this.#subscriptions.get(subscription.url.canonicalKey);
    if (listeners?.get(subscription.listener) !== subscription) return;
    subscription.close(error);
    listeners.delete(subscription.listener);
    if (listeners.size === 0) this.#subscriptions.delete(subscription.url.canonicalKey);
    for (const list of subscription.lists) {
      const prefix = prefixOf(list.path);
      const view = this.#views.get(prefix);
      view?.remove(list);
      if (view?.readerCount !== 0) continue;
      this.#views.delete(prefix);
      this.#engine.unwatch(prefix);
    }
  }

  #viewOf(prefix: string): View {
    const known = this.#views.get(prefix);
    if (known !== undefined) return known;
    const view = new View(prefix);
    this.#views.set(prefix, view);
    this.#engine.watch(prefix);
    return view;
  }
}
