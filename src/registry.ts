/** The registry as its users see it: URLs in, lists of URLs out. */
import { type ConsumerInput, consumerUrl, instanceOf, type ServiceInstance } from './consumer.js';
import type { RegistryEvents } from './events.js';
import type { Explanation } from './explanation.js';
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
import type { Lifetime } from './lifetime.js';
import type { Notified } from './notified.js';
import type { NotifyListener } from './notifier.js';
import type { RegistrySettings } from './options.js';
import { RegistryParts } from './registry-parts.js';
import { type RegistryStatus, statusOf } from './status.js';
import { ServiceUrl } from './url.js';
import type { ServiceUrlParts } from './url-object.js';
import type { ViewIterator } from './view-iterator.js';
import type { World } from './world.js';

/** A URL as text, as a {@link ServiceUrl}, or as a plain object. */
export type UrlInput = string | ServiceUrl | ServiceUrlParts;

/** A registry on etcd. Made by {@link createRegistry}. */
export class Registry implements AsyncDisposable {
  readonly #parts: RegistryParts;
  readonly #lifetime: Lifetime;

  /** @internal */
  constructor(settings: RegistrySettings, world: World) {
    this.#parts = new RegistryParts(settings, world);
    this.#lifetime = this.#parts.lifetime;
    const { engine, clock, events } = this.#parts;
    allowInspection(this, engine.root, settings, clock, events);
  }

  /**
   * Puts the URL into etcd and keeps it there until it is withdrawn, through every outage. Resolves when the key is
   * written under our lease (without one for `dynamic=false`). When the first attempt fails it rejects and leaves
   * nothing behind; with `check=false` or protocol `consumer` it resolves at once and goes on trying.
   */
  async register(input: UrlInput, options: RegisterOptions = {}): Promise<RegistrationHandle> {
    const { when, signal } = options;
    // Where the call ends before it waits, nobody else would hear that it failed.
    when?.catch(() => {});
    const url = ServiceUrl.from(input);
    const doing = `cannot register ${url.toString()}`;
    this.#lifetime.requireOpen(doing);
    const { registrations, readiness } = this.#parts;
    if (when !== undefined) {
      await readiness.wait(registrations.keyOf(url), when, { doing, signal });
      this.#lifetime.requireOpen(doing);
    }
    const requireOpen = (): void => this.#lifetime.requireOpen(doing);
    const key = await registrations.register(url, isChecked(url), doing, { ...options, requireOpen });
    return registrationHandle(url, key, (given) => this.#lifetime.closing ?? this.unregister(url, given));
  }

  /**
   * Withdraws a URL that was registered here. Resolves when its key is gone from etcd; while etcd is away it waits,
   * and the withdrawal is done on reconnect even if `signal` ends the wait. What is not registered is ignored.
   */
  async unregister(input: UrlInput, options: CallOptions = {}): Promise<void> {
    const url = ServiceUrl.from(input);
    const doing = `cannot unregister ${url.toString()}`;
    this.#lifetime.requireOpen(doing);
    await this.#parts.registrations.unregister(url, doing, options);
  }

  /**
   * Withdraws all that goes with our lease, for instance for maintenance, and remembers it for {@link Registry.online};
   * what is registered meanwhile is remembered too. Subscriptions go on. Resolves as {@link Registry.unregister} does.
   */
  async offline(options: CallOptions = {}): Promise<void> {
    this.#lifetime.requireOpen('cannot go offline');
    await this.#parts.registrations.offline('cannot go offline', options);
  }

  /**
   * Registers again all that {@link Registry.offline} withdrew or kept back. Rejects when it is not written within
   * `timeoutMs`, and goes on trying.
   */
  async online(options: CallOptions = {}): Promise<void> {
    const doing = 'cannot go online';
    const requireOpen = (): void => this.#lifetime.requireOpen(doing);
    requireOpen();
    await this.#parts.registrations.online(doing, { ...options, requireOpen });
  }

  /**
   * Tells the listener who provides what the URL asks for: the whole list of one category a call, first for every
   * category before this resolves, then whenever one changes. `interface=*` asks for all services, each told apart.
   * Writes nothing to etcd. When etcd is away it rejects after `timeoutMs`; with `check=false` or protocol `consumer`
   * it resolves then, or when the listener was told what others here were told last, or what a cache file remembers,
   * both as stale; what is true is told later. How often
   * the listener is called is not promised, that the last call tells what is true is. One that throws is called again.
   */
  async subscribe(
    input: UrlInput,
    listener: NotifyListener,
    options: CallOptions = {},
  ): Promise<SubscriptionHandle> {
    const url = ServiceUrl.from(input);
    this.#lifetime.requireOpen(`cannot subscribe to ${url.toString()}`);
    const { timeoutMs } = this.#parts.settings;
    await this.#parts.subscriber.subscribe(url, listener, {
      check: isChecked(url),
      timeoutMs,
      signal: options.signal,
    });
    return subscriptionHandle(url, () => this.unsubscribe(url, listener));
  }

  /** Ends a subscription; once this has returned its promise the listener is not called again. None is fine too. */
  async unsubscribe(input: UrlInput, listener: NotifyListener): Promise<void> {
    this.#parts.subscriber.unsubscribe(ServiceUrl.from(input), listener);
  }

  /**
   * Who provides what the URL, or the service of that name, asks for; an iterator instead of a listener. Ends when
   * `signal` is aborted, when the registry is closed, or by `return`; until then it costs what a subscription costs.
   */
  watch(input: ConsumerInput, options: CallOptions = {}): ViewIterator {
    const url = consumerUrl(input);
    this.#lifetime.requireOpen(`cannot watch ${url.toString()}`);
    return this.#parts.subscriber.watch(url, options.signal);
  }

  /**
   * All URLs that the URL asks for, of all its categories, without `empty`. Where somebody follows them already it is
   * what he was told last, a moment behind etcd; else they are read. Rejects when neither is possible within
   * `timeoutMs`. Leaves nothing behind.
   */
  async lookup(input: ConsumerInput, options: CallOptions = {}): Promise<readonly ServiceUrl[]> {
    const url = consumerUrl(input);
    this.#lifetime.requireOpen(`cannot look up ${url.toString()}`);
    const { timeoutMs } = this.#parts.settings;
    return this.#parts.subscriber.lookup(url, { timeoutMs, signal: options.signal });
  }

  /** {@link Registry.lookup} with plain objects: who provides the service of that name. */
  async instances(input: ConsumerInput, options: CallOptions = {}): Promise<readonly ServiceInstance[]> {
    return (await this.lookup(input, options)).map(instanceOf);
  }

  /**
   * Why the consumer sees whom it sees: who is there, and what keeps each from matching. Takes one interface. While etcd
   * is away it explains what is followed here; where nothing is, it rejects after `timeoutMs`.
   */
  async explain(input: ConsumerInput, options: CallOptions = {}): Promise<Explanation> {
    const url = consumerUrl(input);
    this.#lifetime.requireOpen(`cannot explain ${url.toString()}`);
    const { timeoutMs } = this.#parts.settings;
    return this.#parts.explainer.explain(url, { timeoutMs, signal: options.signal });
  }

  /** False once it is being closed, or has failed. */
  get isOpen(): boolean {
    return this.#lifetime.isOpen;
  }

  /** True while it is open and etcd answers. */
  isAvailable(): boolean {
    return this.isOpen && this.#parts.engine.snapshot().connection.hasTag('up');
  }

  /** What is to be registered, each URL once, also while offline. */
  registered(): readonly ServiceUrl[] {
    return this.#parts.registrations.urls();
  }

  /** What is subscribed or iterated, each URL once. */
  subscribed(): readonly ServiceUrl[] {
    return this.#parts.subscriber.urls();
  }

  /** What listeners were told last, for each consumer URL and category. What iterators gave is not in it. */
  notified(): readonly Notified[] {
    return this.#parts.subscriber.notified();
  }

  /** The state of everything, as plain JSON without secrets. */
  status(): RegistryStatus {
    return statusOf(this.#parts);
  }

  /** Hears of an event. A handler that throws is reported as `listenerError`. */
  on<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#parts.events.on(name, handler);
    return this;
  }

  /** Hears of the next such event only. */
  once<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#parts.events.once(name, handler);
    return this;
  }

  /** Ends what {@link Registry.on} began. */
  off<Name extends keyof RegistryEvents>(name: Name, handler: RegistryEvents[Name]): this {
    this.#parts.events.off(name, handler);
    return this;
  }

  /**
   * Withdraws everything, ends every stream and timer, and tells nobody any more. Takes at most `closeTimeoutMs`; with
   * `drainMs`, that and another `closeTimeoutMs` before. If etcd is away by then, our keys vanish with the lease. Keys
   * with `dynamic=false` stay. Idempotent: the first call's options count.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#lifetime.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Resolves at the first connection; rejects as {@link createRegistry} says. */
  connected(doing: string, signal: AbortSignal | undefined): Promise<void> {
    return this.#lifetime.connected(doing, signal);
  }
}

/** As in Dubbo: consumers, and URLs with `check=false`, do not insist on the first attempt. */
function isChecked(url: ServiceUrl): boolean {
  return url.protocol !== 'consumer' && url.getBooleanParameter('check', true);
}
