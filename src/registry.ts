/** The registry as its users see it: URLs in, lists of URLs out. */
import type { FailureFact, RegistrationNews, RegistryNews, WatcherHubNews } from '../machines/index.js';
import { Announcer } from './announcer.js';
import { CacheFile } from './cache-file.js';
import { type Engine, startEngine } from './compose.js';
import { type ConsumerInput, consumerUrl, instanceOf, type ServiceInstance } from './consumer.js';
import type { RegistryError } from './errors.js';
import type { RegistryEvents } from './events.js';
import { Explainer } from './explainer.js';
import type { Explanation } from './explanation.js';
import { errorFrom, registryError } from './failure-error.js';
import {
  type CallOptions,
  type CloseOptions,
  type RegisterOptions,
  type RegistrationHandle,
  registrationHandle,
  type SubscriptionHandle,
  subscriptionHandle,
} from './handles.js';
import { allowInspection } from './inspected.js';
import type { NotifyListener } from './notifier.js';
import { type RegistryOptions, type RegistrySettings, resolveOptions } from './options.js';
import { connectError } from './overdue.js';
import { type Waiter, waitWith } from './patience.js';
import { Publisher } from './publisher.js';
import { Readiness } from './readiness.js';
import { Registrations } from './registrations.js';
import { type RegistryStatus, statusOf } from './status.js';
import { Subscriber } from './subscriber.js';
import { ServiceUrl } from './url.js';
import type { ServiceUrlParts } from './url-object.js';
import type { ViewIterator } from './view-iterator.js';
import { type Clock, realWorld, type World } from './world.js';

/** A URL as text, as a {@link ServiceUrl}, or as a plain object. */
export type UrlInput = string | ServiceUrl | ServiceUrlParts;

/**
 * Connects to etcd and resolves when a round trip has succeeded. With `check` (the default) it rejects with
 * UNREACHABLE or UNAUTHENTICATED when none does within `timeoutMs`, and leaves nothing behind; without it, it resolves
 * at once and catches up later. Without an address it asks the environment (`LEASEHOLD_ADDRESS`,
 * `DUBBO_REGISTRY_ADDRESS`) and `dubbo.properties`. Bad options reject with INVALID_OPTION, INVALID_ADDRESS or INVALID_URL.
 */
export function createRegistry(
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  return createRegistryIn(realWorld, addressOrOptions, options);
}

/** @internal {@link createRegistry} in surroundings of one's own. */
export async function createRegistryIn(
  world: World,
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  const given =
    typeof addressOrOptions === 'string' ? { ...options, address: addressOrOptions } : addressOrOptions;
  const settings = resolveOptions(given);
  const doing = `cannot create the registry at ${settings.shownAddress}`;
  const registry = new Registry(settings, world);
  if (!settings.check) return registry;
  try {
    await registry.connected(doing, given.signal);
    return registry;
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** A registry on etcd. Made by {@link createRegistry}. */
export class Registry implements AsyncDisposable {
  readonly #settings: RegistrySettings;
  readonly #clock: Clock;
  readonly #engine: Engine;
  readonly #publisher: Publisher;
  readonly #registrations: Registrations;
  readonly #explainer: Explainer;
  readonly #subscriber: Subscriber;
  readonly #cache: CacheFile | undefined;
  readonly #events = new Announcer();
  readonly #connecting = new Set<Waiter>();
  readonly #readiness: Readiness;
  #stopObserving: (() => void) | undefined;
  #failure: FailureFact | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(settings: RegistrySettings, world: World) {
    this.#settings = settings;
    this.#clock = world.clock;
    this.#readiness = new Readiness(world.clock);
    const listeners = {
      onNews: (news: RegistryNews) => this.#handle(news),
      onWatcherNews: (news: WatcherHubNews) => this.#handleWatcher(news),
    };
    this.#engine = startEngine(settings, listeners, world);
    this.#publisher = new Publisher(this.#engine, world.clock);
    const { layout, timeoutMs } = settings;
    this.#registrations = new Registrations(this.#publisher, layout, timeoutMs);
    void this.#engine.ended.then((failure) => {
      if (failure !== null) this.#fail(failure);
    });
    const events = {
      listenerError: (error: unknown) => this.#events.report(error),
      undecodable: (key: string, error: RegistryError) => this.#events.reportUndecodable(key, error),
    };
    this.#subscriber = new Subscriber(this.#engine, layout, events, world.clock);
    this.#cache = this.#openCache(world);
    const { views } = this.#subscriber;
    this.#explainer = new Explainer({ engine: this.#engine, views, layout, clock: world.clock });
    allowInspection(this, this.#engine.root, settings, world.clock, this.#events);
  }

  /**
   * Puts the URL into etcd and keeps it there until it is withdrawn, through every outage. Resolves when the key is
   * written under our lease (without one for `dynamic=false`). When the first attempt fails it rejects and leaves
   * nothing behind; with `check=false` or protocol `consumer` it resolves at once and goes on trying.
   */
  async register(input: UrlInput, options: RegisterOptions = {}): Promise<RegistrationHandle> {
    const url = ServiceUrl.from(input);
    const doing = `cannot register ${url.toString()}`;
    this.#requireOpen(doing);
    if (options.when !== undefined) {
      await this.#readiness.wait(options.when, doing, options.signal);
      this.#requireOpen(doing);
    }
    const key = await this.#registrations.register(url, isChecked(url), doing, options);
    return registrationHandle(url, key, (given) => this.#closing ?? this.unregister(url, given));
  }

  /**
   * Withdraws a URL that was registered here. Resolves when its key is gone from etcd; while etcd is away it waits,
   * and the withdrawal is done on reconnect even if `signal` ends the wait. What is not registered is ignored.
   */
  async unregister(input: UrlInput, options: CallOptions = {}): Promise<void> {
    const url = ServiceUrl.from(input);
    const doing = `cannot unregister ${url.toString()}`;
    this.#requireOpen(doing);
    await this.#registrations.unregister(url, doing, options);
  }

  /**
   * Withdraws all that goes with our lease, for instance for maintenance, and remembers it for {@link Registry.online};
   * what is registered meanwhile is remembered too. Subscriptions go on. Resolves as {@link Registry.unregister} does.
   */
  async offline(options: CallOptions = {}): Promise<void> {
    this.#requireOpen('cannot go offline');
    await this.#registrations.offline('cannot go offline', options);
  }

  /** Registers it all again. Rejects when that is not written within `timeoutMs`, and goes on trying. */
  async online(options: CallOptions = {}): Promise<void> {
    this.#requireOpen('cannot go online');
    await this.#registrations.online('cannot go online', options);
  }

  /**
   * Tells the listener who provides what the URL asks for: the whole list of one category a call, first for every
   * category before this resolves, then whenever one changes. `interface=*` asks for all services, each told apart.
   * Writes nothing to etcd. When etcd is away it rejects after `timeoutMs`; with `check=false` or protocol `consumer`
   * it resolves then, and the listener is told later.
   */
  async subscribe(
    input: UrlInput,
    listener: NotifyListener,
    options: CallOptions = {},
  ): Promise<SubscriptionHandle> {
    const url = ServiceUrl.from(input);
    this.#requireOpen(`cannot subscribe to ${url.toString()}`);
    const { timeoutMs } = this.#settings;
    await this.#subscriber.subscribe(url, listener, {
      check: isChecked(url),
      timeoutMs,
      signal: options.signal,
    });
    return subscriptionHandle(url, () => this.unsubscribe(url, listener));
  }

  /** Ends a subscription; once this has returned its promise the listener is not called again. */
  async unsubscribe(input: UrlInput, listener: NotifyListener): Promise<void> {
    this.#subscriber.unsubscribe(ServiceUrl.from(input), listener);
  }

  /**
   * Who provides what the URL, or the service of that name, asks for; an iterator instead of a listener. Ends when
   * `signal` is aborted, when the registry is closed, or by `return`; until then it costs what a subscription costs.
   */
  watch(input: ConsumerInput, options: CallOptions = {}): ViewIterator {
    const url = consumerUrl(input);
    this.#requireOpen(`cannot watch ${url.toString()}`);
    return this.#subscriber.watch(url, options.signal);
  }

  /**
   * All URLs that the URL asks for, of all its categories, without `empty`. Where somebody follows them already it is
   * what he was told last, a moment behind etcd; else they are read. Rejects when neither is possible within
   * `timeoutMs`. Leaves nothing behind.
   */
  async lookup(input: ConsumerInput, options: CallOptions = {}): Promise<readonly ServiceUrl[]> {
    const url = consumerUrl(input);
    this.#requireOpen(`cannot look up ${url.toString()}`);
    const { timeoutMs } = this.#settings;
    return this.#subscriber.lookup(url, { timeoutMs, signal: options.signal });
  }

  /** {@link Registry.lookup} with plain objects: who provides the service of that name. */
  async instances(input: ConsumerInput, options: CallOptions = {}): Promise<readonly ServiceInstance[]> {
    return (await this.lookup(input, options)).map(instanceOf);
  }

  /** Why the consumer sees whom it sees: who is there, and what keeps each from matching. */
  async explain(input: ConsumerInput, options: CallOptions = {}): Promise<Explanation> {
    const url = consumerUrl(input);
    this.#requireOpen(`cannot explain ${url.toString()}`);
    const { timeoutMs } = this.#settings;
    return this.#explainer.explain(url, { timeoutMs, signal: options.signal });
  }

  /** False once it is being closed, or has failed. */
  get isOpen(): boolean {
    return this.#failure === undefined && this.#closing === undefined;
  }

  /** True while it is open and etcd answers. */
  isAvailable(): boolean {
    return this.isOpen && this.#engine.snapshot().connection.hasTag('up');
  }

  /** What is to be registered, each URL once, also while offline. */
  registered(): readonly ServiceUrl[] {
    return this.#registrations.urls();
  }

  /** What is subscribed or iterated, each URL once. */
  subscribed(): readonly ServiceUrl[] {
    return this.#subscriber.urls();
  }

  /** The state of everything, as plain JSON without secrets. */
  status(): RegistryStatus {
    return statusOf(this.#engine, this.#subscriber, this.#cache);
  }

  /** Hears of an event. A handler that throws is reported as `listenerError`. */
  on<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#events.on(name, handler);
    this.#observeStates();
    return this;
  }

  /** Hears of the next such event only. */
  once<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#events.once(name, handler);
    this.#observeStates();
    return this;
  }

  /** Ends what {@link Registry.on} began. */
  off<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#events.off(name, handler);
    this.#observeStates();
    return this;
  }

  /**
   * Withdraws everything, ends every stream and timer, and tells nobody any more. Takes at most `closeTimeoutMs`, and
   * `drainMs`; if etcd is away by then, our keys vanish with the lease. Keys with `dynamic=false` stay. Idempotent: the
   * first call's options count.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Resolves at the first connection; rejects as {@link createRegistry} says. */
  connected(doing: string, signal: AbortSignal | undefined): Promise<void> {
    const { timeoutMs } = this.#settings;
    const overdue = (): RegistryError => connectError(this.#engine, doing, this.#settings);
    return waitWith(
      { clock: this.#clock, doing, signal, timeoutMs, overdue },
      (waiter) => this.#connecting.add(waiter),
      (waiter) => this.#connecting.delete(waiter),
    );
  }

  async #close({ drainMs = 0 }: CloseOptions): Promise<void> {
    if (drainMs > 0 && this.#failure === undefined) await this.#drain(drainMs);
    this.#readiness.close(closedError);
    const isSaved = this.#cache?.close();
    this.#subscriber.close(closedError);
    this.#publisher.flush();
    this.#engine.send({ type: 'registry.close' });
    await this.#engine.ended;
    this.#publisher.close(closedError);
    if (isSaved !== undefined) await this.#atMost(this.#settings.closeTimeoutMs, isSaved);
    this.#stopObserving?.();
    this.#engine.stop();
    this.#events.close();
  }

  /** Subscriptions go on meanwhile: running calls may still need those they call. */
  async #drain(drainMs: number): Promise<void> {
    const withdrawn = this.#registrations.offline('cannot drain', {}).catch(() => {});
    await this.#atMost(this.#settings.closeTimeoutMs, withdrawn);
    await this.#atMost(drainMs, new Promise(() => {}));
  }

  #openCache({ clock, files }: World): CacheFile | undefined {
    const { cachePath } = this.#settings;
    if (cachePath === undefined || files === undefined) return undefined;
    const report = (error: RegistryError): void => this.#events.emit('cacheError', error);
    const cache = new CacheFile(cachePath, { files, clock, collect: () => this.#subscriber.known(), report });
    this.#subscriber.useCache(cache);
    return cache;
  }

  #atMost(timeoutMs: number, done: Promise<void>): Promise<void> {
    const patience = { clock: this.#clock, doing: 'closing', timeoutMs, overdue: () => undefined };
    return waitWith(patience, (waiter) => void done.then(() => waiter.resolve()));
  }

  #requireOpen(doing: string): void {
    if (this.#failure !== undefined) throw errorFrom(doing, this.#failure);
    if (this.#closing !== undefined) throw closedError(doing);
  }

  /** A machine met something nobody expected: whoever waits is told, and nothing is accepted any more. */
  #fail(failure: FailureFact): void {
    this.#failure = failure;
    const errorFor = (doing: string): RegistryError => errorFrom(doing, failure);
    this.#subscriber.close(errorFor, true);
    this.#publisher.close(errorFor);
    this.#readiness.close(errorFor);
    for (const waiter of this.#connecting) waiter.reject(errorFor(waiter.doing));
    this.#events.emit('failed', errorFrom('the registry has stopped', failure));
  }

  #handle(news: RegistryNews): void {
    if (news.type === 'connection.up') for (const waiter of this.#connecting) waiter.resolve();
    if (isRegistrationNews(news)) this.#publisher.handle(news);
    this.#events.announce(news);
  }

  #handleWatcher(news: WatcherHubNews): void {
    const view = this.#subscriber.handle(news);
    if (view?.position === undefined) return;
    this.#events.emit('view', { prefix: view.prefix, size: view.size, ...view.position, stale: view.stale });
  }

  /** Observing the machines costs something, so it is done only while somebody listens. */
  #observeStates(): void {
    const isWanted = this.#events.has('state');
    if (isWanted)
      this.#stopObserving ??= this.#engine.onStateChange((change) => this.#events.emit('state', change));
    else this.#stopObserving?.();
    if (!isWanted) this.#stopObserving = undefined;
  }
}

function isRegistrationNews(news: RegistryNews): news is RegistrationNews {
  return news.type.startsWith('registration.');
}

/** As in Dubbo: consumers, and URLs with `check=false`, do not insist on the first attempt. */
function isChecked(url: ServiceUrl): boolean {
  return url.protocol !== 'consumer' && url.getBooleanParameter('check', true);
}

function closedError(doing: string): RegistryError {
  return registryError('CLOSED', doing, 'the registry is closed');
}
