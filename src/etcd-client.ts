/**
 * The engine of the registry at the level of paths, as EtcdClient of Dubbo 2.7.1 offers it, for those who keep something
 * else than URLs in etcd. What is created stays created through every outage; listeners hear whole lists.
 */
import type { Entry, FailureFact, RegistryNews } from '../machines/index.js';
import type { ChildListener } from './child-list.js';
import { ChildListeners } from './child-listeners.js';
import { type Engine, startEngine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom, registryError } from './failure-error.js';
import type { CallOptions } from './handles.js';
import { absolutePath, childOf, javaStringHash, type KeyLayout, prefixOf } from './key-layout.js';
import type { RegistrySettings } from './options.js';
import { connectError, overdueError } from './overdue.js';
import { Waiters } from './patience.js';
import { readPrefix } from './prefix-read.js';
import { Publisher } from './publisher.js';
import { Views } from './views.js';
import type { World } from './world.js';

/** Hears when the link to etcd comes up or goes down, each once. */
export type StateListener = (state: 'connected' | 'disconnected') => unknown;

/** Paths in etcd. Made by {@link createEtcdClient}. */
export class EtcdClient implements AsyncDisposable {
  readonly #settings: RegistrySettings;
  readonly #world: World;
  /** @internal */
  readonly layout: KeyLayout;
  readonly #engine: Engine;
  readonly #publisher: Publisher;
  readonly #views: Views;
  readonly #children: ChildListeners;
  readonly #stateListeners = new Set<StateListener>();
  readonly #connecting = new Waiters();
  /** Who asks once and waits for the answer. */
  readonly #asking = new Waiters();
  #failure: FailureFact | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(settings: RegistrySettings, world: World) {
    this.#settings = settings;
    this.#world = world;
    this.layout = settings.layout;
    const listeners = {
      onNews: (news: RegistryNews) => this.#handle(news),
      onWatcherNews: (news: Parameters<Views['handle']>[0]) => void this.#views.handle(news),
    };
    this.#engine = startEngine(settings, listeners, world);
    this.#publisher = new Publisher(this.#engine, world.clock);
    this.#views = new Views(this.#engine, world.clock);
    this.#children = new ChildListeners(this.#views, complain);
    void this.#engine.ended.then((failure) => {
      if (failure !== null) this.#fail(failure);
    });
  }

  /** Puts a path without lease; it stays when the client is closed. */
  create(path: string, options: CallOptions = {}): Promise<void> {
    return this.#put(path, false, options);
  }

  /** Puts a path under our lease and keeps it there until it is deleted or the client is closed. */
  createEphemeral(path: string, options: CallOptions = {}): Promise<void> {
    return this.#put(path, true, options);
  }

  /** Deletes a path that this client created; what others keep there stays. A path it did not create is ignored. */
  async delete(path: string, { signal }: CallOptions = {}): Promise<void> {
    const doing = `cannot delete ${path}`;
    this.#requireOpen(doing);
    await this.#publisher.withdraw(absolutePath(path), { doing, signal });
  }

  /** True when the path itself is there; keys below it do not count. */
  async exists(path: string, options: CallOptions = {}): Promise<boolean> {
    const key = absolutePath(path);
    const entries = await this.read(key, `cannot look for ${path}`, options);
    return entries.some((entry) => entry.key === key);
  }

  /** The names directly below a path, sorted. */
  async getChildren(path: string, options: CallOptions = {}): Promise<readonly string[]> {
    const parent = absolutePath(path);
    const entries = await this.read(prefixOf(parent), `cannot list ${path}`, options);
    return entries.flatMap(({ key }) => childOf(parent, key) ?? []);
  }

  /** Resolves with the children there are; the listener hears the whole list after each later change. */
  async addChildListener(
    path: string,
    listener: ChildListener,
    { signal }: CallOptions = {},
  ): Promise<readonly string[]> {
    const doing = `cannot watch ${path}`;
    this.#requireOpen(doing);
    const prefixes = [prefixOf(absolutePath(path))];
    const { timeoutMs } = this.#settings;
    const overdue = (): RegistryError => overdueError(this.#engine, { doing, timeoutMs }, prefixes);
    const patience = { clock: this.#world.clock, doing, signal, timeoutMs, overdue };
    return this.#children.add(absolutePath(path), listener, patience);
  }

  /** The listener is not called after this, whatever was under way; who waits for its first list is rejected. */
  removeChildListener(path: string, listener: ChildListener): void {
    this.#children.remove(absolutePath(path), listener);
  }

  addStateListener(listener: StateListener): void {
    this.#stateListeners.add(listener);
  }

  removeStateListener(listener: StateListener): void {
    this.#stateListeners.delete(listener);
  }

  /** Grants a lease of its own, which nobody renews; resolves with its id, a decimal. */
  async createLease(ttlSeconds: number): Promise<string> {
    const doing = 'cannot create a lease';
    this.#requireOpen(doing);
    return this.#engine.grantLease(ttlSeconds).catch((failure) => {
      throw errorFrom(doing, failure);
    });
  }

  /** Ends a lease, and every key under it. A lease that is gone already is fine. */
  async revokeLease(leaseId: string): Promise<void> {
    const doing = `cannot revoke lease ${leaseId}`;
    this.#requireOpen(doing);
    await this.#engine.revokeLease(leaseId).catch((failure) => {
      throw errorFrom(doing, failure);
    });
  }

  /** True after a round trip succeeded and until the link breaks. */
  isConnected(): boolean {
    return this.#closing === undefined && this.#engine.snapshot().connection.hasTag('up');
  }

  /** Deletes what goes with our lease, and ends everything, in at most `closeTimeoutMs`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Whatever begins with the prefix. */
  read(prefix: string, doing: string, { signal }: CallOptions): Promise<readonly Entry[]> {
    this.#requireOpen(doing);
    const surroundings = { engine: this.#engine, views: this.#views, clock: this.#world.clock };
    return readPrefix({ ...surroundings, waiters: this.#asking }, prefix, {
      doing,
      timeoutMs: this.#settings.timeoutMs,
      signal,
    });
  }

  /** @internal */
  connected(signal: AbortSignal | undefined): Promise<void> {
    const { timeoutMs, shownAddress } = this.#settings;
    const doing = `cannot create a client of ${shownAddress}`;
    const overdue = (): RegistryError => connectError(this.#engine, doing, this.#settings);
    return this.#connecting.wait({ clock: this.#world.clock, doing, signal, timeoutMs, overdue });
  }

  async #close(): Promise<void> {
    this.#asking.reject(closedError);
    this.#children.close(closedError);
    this.#views.clear();
    this.#stateListeners.clear();
    this.#publisher.flush();
    this.#engine.send({ type: 'registry.close' });
    await this.#engine.ended;
    this.#publisher.close(closedError);
    this.#engine.stop();
  }

  /** A machine met something nobody expected: whoever waits is told, and nothing is accepted any more. */
  #fail(failure: FailureFact): void {
    this.#failure = failure;
    const errorFor = (doing: string): RegistryError => errorFrom(doing, failure);
    this.#connecting.reject(errorFor);
    this.#asking.reject(errorFor);
    this.#children.close(errorFor);
    this.#publisher.close(errorFor);
  }

  async #put(path: string, leased: boolean, { signal }: CallOptions): Promise<void> {
    const doing = `cannot create ${path}`;
    this.#requireOpen(doing);
    const key = absolutePath(path);
    const above = this.layout.serviceKeyAbove(key);
    const parent = above === undefined ? null : { key: above, value: String(javaStringHash(above)) };
    const entry = { key, leased, value: leased ? null : String(javaStringHash(key)), parent };
    const { timeoutMs } = this.#settings;
    await this.#publisher.register(entry, { doing, check: true, timeoutMs, signal });
  }

  #requireOpen(doing: string): void {
    if (this.#failure !== undefined) throw errorFrom(doing, this.#failure);
    if (this.#closing !== undefined) throw closedError(doing);
  }

  #handle(news: RegistryNews): void {
    if (news.type.startsWith('registration.'))
      this.#publisher.handle(news as Parameters<Publisher['handle']>[0]);
    if (news.type !== 'connection.up' && news.type !== 'connection.down') return;
    if (news.type === 'connection.up') this.#connecting.resolve();
    const state = news.type === 'connection.up' ? 'connected' : 'disconnected';
    for (const listener of this.#stateListeners) void (async () => listener(state))().catch(complain);
  }
}

function complain(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

function closedError(doing: string): RegistryError {
  return registryError('CLOSED', doing, 'the client is closed');
}
