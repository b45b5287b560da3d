/** The registry as its users see it: URLs in, lists of URLs out. */
import type { FailureFact, RegistrationNews, RegistryNews, WatcherHubNews } from '../machines/index.js';
import { Announcer } from './announcer.js';
import { CacheFile } from './cache-file.js';
import { type Engine, startEngine } from './compose.js';
import { type ConsumerInput, consumerUrl, instanceOf, type ServiceInstance } from './consumer.js';
import type { RegistryError } from './errors.js';
import type { RegistryEvents } from './events.js';
import { errorFrom, registryError } from './failure-error.js';
import {
  type CallOptions,
  type RegistrationHandle,
  registrationHandle,
  type SubscriptionHandle,
  subscriptionHandle,
} from './handles.js';
import { javaStringHash } from './key-layout.js';
import type { NotifyListener } from './notifier.js';
import { type RegistryOptions, type RegistrySettings, resolveOptions } from './options.js';
import { type Waiter, waitWith } from './patience.js';
import { Publisher } from './publisher.js';
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
  readonly #subscriber: Subscriber;
  readonly #cache: CacheFile | undefined;
  readonly #events = new Announcer();
  readonly #undecodable = new Set<string>();
  readonly #connecting = new Set<Waiter>();
  #stopObserving: (() => void) | undefined;
  #failure: FailureFact | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(settings: RegistrySettings, world: World) {
    this.#settings = settings;
    this.#clock = world.clock;
    const listeners = {
      onNews: (news: RegistryNews) => this.#handle(news),
      onWatcherNews: (news: WatcherHubNews) => this.#handleWatcher(news),
    };
    this.#engine = startEngine(settings, listeners, world);
    this.#publisher = new Publisher(this.#engine, world.clock);
    void this.#engine.ended.then((failure) => {
      if (failure !== null) this.#fail(failure);
    });
    const events = {
      listenerError: (error: unknown) => this.#events.report(error),
      undecodable: (key: string, error: RegistryError) => this.#reportUndecodable(key, error),
    };
    this.#subscriber = new Subscriber(this.#engine, settings.layout, events, world.clock);
    this.#cache = this.#openCache(world);
  }

  /**
   * Puts the URL into etcd and keeps it there until it is withdrawn, through every outage. Resolves when the key is
   * written under our lease (without one for `dynamic=false`). When the first attempt fails it rejects and leaves
   * nothing behind; with `check=false` or protocol `consumer` it resolves at once and goes on trying.
   */
  async register(input: UrlInput, options: CallOptions = {}): Promise<RegistrationHandle> {
    const url = ServiceUrl.from(input);
    const doing = `cannot register ${url.toString()}`;
    this.#requireOpen(doing);
    const key = this.#settings.layout.urlPath(url);
    const parentKey = this.#settings.layout.servicePath(url);
    const leased = url.getBooleanParameter('dynamic', true);
    const entry = {
      key,
      leased,
      value: leased ? null : String(javaStringHash(key)),
      parent: { key: parentKey, value: String(javaStringHash(parentKey)) },
    };
    const { timeoutMs } = this.#settings;
    await this.#publisher.register(entry, {
      doing,
      check: isChecked(url),
      timeoutMs,
      signal: options.signal,
    });
    return registrationHandle(url, key, (given) => this.#closing ?? this.unregister(url, given));
  }

  /**
   * Withdraws a URL that was registered here. Resolves when its key is gone from etcd; while etcd is away it waits,
   * and the withdrawal is done on reconnect even if `signal` ends the wait.
   */
  async unregister(input: UrlInput, options: CallOptions = {}): Promise<void> {
    const url = ServiceUrl.from(input);
    const doing = `cannot unregister ${url.toString()}`;
    this.#requireOpen(doing);
    await this.#publisher.unregister(this.#settings.layout.urlPath(url), { doing, signal: options.signal });
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
   * Withdraws everything, ends every stream and timer, and tells nobody any more. Takes at most `closeTimeoutMs`;
   * if etcd is away by then, our keys vanish with the lease. Keys with `dynamic=false` stay. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Resolves at the first connection; rejects as {@link createRegistry} says. */
  connected(doing: string, signal: AbortSignal | undefined): Promise<void> {
    const { timeoutMs } = this.#settings;
    return waitWith(
      { clock: this.#clock, doing, signal, timeoutMs, overdue: () => this.#connectError(doing) },
      (waiter) => this.#connecting.add(waiter),
      (waiter) => this.#connecting.delete(waiter),
    );
  }

  async #close(): Promise<void> {
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
    for (const waiter of this.#connecting) waiter.reject(errorFor(waiter.doing));
    this.#events.emit('failed', errorFrom('the registry has stopped', failure));
  }

  #connectError(doing: string): RegistryError {
    const { timeoutMs, endpoints } = this.#settings;
    const address = endpoints.join(', ');
    const failure = this.#engine.snapshot().connection.context.lastError;
    if (failure !== null)
      return errorFrom(
        doing,
        { ...failure, message: `${address} answered: ${failure.message}` },
        { address, timeoutMs },
      );
    return registryError('UNREACHABLE', doing, `${address} did not answer within ${timeoutMs} ms`, {
      address,
      timeoutMs,
    });
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

  #reportUndecodable(key: string, error: RegistryError): void {
    if (this.#undecodable.has(key)) return;
    if (this.#undecodable.size >= undecodableMax) this.#undecodable.clear();
    this.#undecodable.add(key);
    this.#events.emit('undecodable', { key, error });
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

/** So many unreadable keys are remembered as reported; after that each may be reported once more. */
const undecodableMax = 1_000;

/** As in Dubbo: consumers, and URLs with `check=false`, do not insist on the first attempt. */
function isChecked(url: ServiceUrl): boolean {
  return url.protocol !== 'consumer' && url.getBooleanParameter('check', true);
}

function closedError(doing: string): RegistryError {
  return registryError('CLOSED', doing, 'the registry is closed');
}
