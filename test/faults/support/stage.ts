/**
 * The set of one fault test: a real etcd behind a proxy, a registry that registers and subscribes through it, rivals
 * who write around it, and the witness. {@link Stage.settled} and {@link Stage.check} are the same end for every fault.
 */
import { expect } from 'vitest';
import {
  createRegistry,
  type Registry,
  type RegistryOptions,
  type RegistryStatus,
} from '../../../src/index.js';
import { type ControlClient, connectControl } from '../../support/control-client.js';
import { eventually } from '../../support/eventually.js';
import { startProxy, type TcpProxy } from '../../support/proxy.js';
import { type RealEtcd, startEtcd } from '../../support/real-etcd.js';
import { decoded, Told } from './told.js';
import { Witness } from './witness.js';

export interface StageOptions {
  /** Flags of etcd. */
  readonly flags?: readonly string[];
  /** Options of the registry. @defaultValue a session of 3 s and an audit every second */
  readonly registry?: RegistryOptions;
  /** How many URLs are registered before the fault. @defaultValue 3 */
  readonly registrations?: number;
}

export const service = 'com.acme.Orders';
export const prefix = `/dubbo/${service}/providers/`;

/** The URL of provider number `host`. */
export function providerUrl(host: number): string {
  return `dubbo://10.${host >> 16}.${(host >> 8) & 255}.${host & 255}:20880/${service}`;
}

export function keyOf(url: string): string {
  return prefix + encodeURIComponent(url);
}

interface Withdrawal {
  readonly key: string;
  readonly epoch: number;
  readonly revision: number;
}

export class Stage {
  readonly etcd: RealEtcd;
  readonly proxy: TcpProxy;
  /** Around the proxy. A switch to another etcd replaces it. */
  control: ControlClient;
  readonly witness: Witness;
  readonly registry: Registry;
  /** What the registry was asked to keep registered. */
  readonly desired = new Set<string>();
  /** Everybody who listens to {@link prefix} through a registry of this stage. */
  readonly told: Told[] = [];
  /** What the registry said about its lease and its connection, in order. */
  readonly events: string[] = [];
  readonly #opened: Registry[] = [];
  readonly #others: RealEtcd[] = [];
  readonly #left: Told[] = [];
  readonly #withdrawals: Withdrawal[] = [];
  readonly #failures: string[] = [];

  private constructor(etcd: RealEtcd, proxy: TcpProxy, registry: Registry, witness: Witness) {
    this.etcd = etcd;
    this.proxy = proxy;
    this.registry = registry;
    this.witness = witness;
    this.control = connectControl(etcd.endpoint);
    this.#follow(registry);
  }

  static async set(options: StageOptions = {}): Promise<Stage> {
    const etcd = await startEtcd(options.flags === undefined ? {} : { flags: options.flags });
    const proxy = await startProxy(etcd.endpoint);
    const witness = new Witness(etcd.endpoint);
    const registry = await createRegistry(registryOptions(proxy.endpoint, options.registry));
    const stage = new Stage(etcd, proxy, registry, witness);
    await witness.caughtUp(stage.control);
    const count = options.registrations ?? 3;
    await Promise.all(Array.from({ length: count }, (_, host) => stage.register(providerUrl(host + 1))));
    await stage.listen();
    return stage;
  }

  /** A further registry of this stage; closed with it. */
  async open(options: RegistryOptions = {}): Promise<Registry> {
    const registry = await createRegistry(registryOptions(this.proxy.endpoint, options));
    this.#follow(registry);
    return registry;
  }

  async register(url: string): Promise<void> {
    this.desired.add(url);
    this.#forgetWithdrawal(keyOf(url));
    await this.registry.register(url);
  }

  /** Withdraws, and from then on counts every later write of the key as a zombie. */
  async unregister(url: string): Promise<void> {
    this.desired.delete(url);
    await this.registry.unregister(url);
    const revision = Number(await this.control.revision());
    this.#withdrawals.push({ key: keyOf(url), epoch: this.witness.history.epochs.length - 1, revision });
  }

  /** Adds a listener to {@link prefix}. */
  async listen(registry: Registry = this.registry): Promise<Told> {
    const told = new Told(prefix);
    this.told.push(told);
    await registry.subscribe(`consumer://10.9.9.9/${service}`, told.listener);
    return told;
  }

  /** A registry of {@link open} and its listener leave; what the listener was told still counts. */
  async leave(registry: Registry, told?: Told): Promise<void> {
    await registry.close();
    if (told === undefined) return;
    this.told.splice(this.told.indexOf(told), 1);
    this.#left.push(told);
  }

  /** A provider of somebody else, written around the proxy. */
  async foreign(host: number, options?: { readonly lease?: string }): Promise<string> {
    const url = providerUrl(host);
    await this.control.put(keyOf(url), '1', options);
    return url;
  }

  /** Many providers of somebody else, from this number on; not all at once, or etcd would keep the last too long. */
  async crowd(first: number, count: number, options?: { readonly lease?: string }): Promise<void> {
    for (let at = 0; at < count; at += 250) {
      const hosts = Array.from({ length: Math.min(250, count - at) }, (_, each) => first + at + each);
      await Promise.all(hosts.map((host) => this.foreign(host, options)));
    }
  }

  status(): RegistryStatus {
    return this.registry.status();
  }

  /** Empties etcd: killed, its data deleted, started again. */
  async wipe(): Promise<void> {
    await this.witness.caughtUp(this.control);
    await this.etcd.kill();
    this.etcd.wipe();
    this.witness.startEpoch();
    await this.etcd.restart();
  }

  /** Compacts everything up to now, when the witness has seen it. */
  async compact(): Promise<void> {
    await this.witness.caughtUp(this.control);
    await this.etcd.compact(String(this.witness.history.current.head));
  }

  /** Leads the proxy to another, empty cluster. */
  async moveToOtherCluster(): Promise<void> {
    await this.witness.caughtUp(this.control);
    const other = await startEtcd();
    this.#others.push(other);
    this.witness.startEpoch(other.endpoint);
    this.control.close();
    this.control = connectControl(other.endpoint);
    this.proxy.retarget(other.endpoint);
    this.proxy.resetAll();
  }

  /** Leads the proxy elsewhere, to something that leads on to the same etcd, and waits until the registry is there. */
  async leadThrough(endpoint: string): Promise<void> {
    const { epoch } = this.status().connection;
    this.proxy.retarget(endpoint);
    this.proxy.resetAll();
    await this.reconnected(epoch);
    await this.settled();
  }

  /** The proxy refuses and resets: etcd is gone for the registry, and nobody else notices. */
  async cutOff(): Promise<void> {
    this.proxy.stopAccepting();
    this.proxy.resetAll();
    await this.disconnected();
  }

  async disconnected(withinMs?: number): Promise<void> {
    await eventually(() => expect(this.status().connection.state).not.toMatch(/^connected/), withinMs);
  }

  /** Resolves once a later link than the one of this epoch is up. */
  async reconnected(epoch: number): Promise<void> {
    await eventually(() => {
      expect(this.status().connection.epoch).toBeGreaterThan(epoch);
      expect(this.status().connection.state).toBe('connected');
    });
  }

  /** Resolves once `told` was told exactly these URLs. */
  async sees(told: Told | undefined, urls: readonly string[]): Promise<void> {
    await eventually(() => expect(told?.last).toEqual([...urls].sort()));
  }

  /**
   * EVENTUALLY-1: etcd holds what is desired under the lease in use, and nothing that was withdrawn; every listener's
   * last view is etcd's content, and live. Generous in time: how fast it was is for the benchmark to say.
   */
  async settled(withinMs = 30_000): Promise<void> {
    await eventually(async () => {
      const { lease, watchers, connection, publishing } = this.status();
      const entries = await this.control.list(prefix);
      const held = await this.control.lease(lease.leaseId ?? '0');
      const ours = [...this.desired].map(keyOf).sort();
      expect(connection.state).toBe('connected');
      expect(publishing).toBe('idle');
      expect(entries.map(({ key }) => key).filter((key) => ours.includes(key))).toEqual(ours);
      expect(held?.keys.filter((key) => key.startsWith(prefix)).sort() ?? []).toEqual(ours);
      if (ours.length > 0) expect(held?.ttlSeconds).toBeGreaterThan(0);
      const truth = decoded(
        entries.map(({ key }) => key),
        prefix,
      );
      for (const { last } of this.told) expect(last).toEqual(truth);
      expect(watchers.every(({ isLive, stale }) => isLive && stale === null)).toBe(true);
    }, withinMs);
  }

  /** What has to hold at every instant, judged over everything that was told and written. */
  async check(): Promise<void> {
    await this.witness.caughtUp(this.control);
    const { history } = this.witness;
    const wrongViews = [...this.told, ...this.#left].flatMap((told) => told.violations(history));
    expect([...wrongViews, ...this.#zombies(), ...this.#failures]).toEqual([]);
  }

  async clear(): Promise<void> {
    this.etcd.thaw();
    this.proxy.heal();
    await Promise.all(this.#opened.map((registry) => registry.close()));
    this.witness.close();
    this.control.close();
    this.proxy.close();
    await Promise.all([this.etcd, ...this.#others].map((etcd) => etcd.stop()));
  }

  /** ALWAYS-4: puts of a key after its withdrawal had resolved. */
  #zombies(): readonly string[] {
    const { epochs } = this.witness.history;
    return this.#withdrawals.flatMap(({ key, epoch, revision }) =>
      epochs.slice(epoch).flatMap(({ events }, index) =>
        events
          .filter((event) => event.type === 'put' && event.key === key)
          .filter((event) => index > 0 || event.revision > revision)
          .map((event) => `ALWAYS-4: ${key} was written at ${event.revision} after its withdrawal`),
      ),
    );
  }

  #forgetWithdrawal(key: string): void {
    const at = this.#withdrawals.findIndex((withdrawal) => withdrawal.key === key);
    if (at >= 0) this.#withdrawals.splice(at, 1);
  }

  #follow(registry: Registry): void {
    this.#opened.push(registry);
    registry.on('failed', (error) => this.#failures.push(`ALWAYS-10: ${error.message}`));
    if (this.#opened.length > 1) return;
    registry.on('connection', ({ state }) => this.events.push(state));
    registry.on('lease', ({ state }) => this.events.push(state));
  }
}

function registryOptions(endpoint: string, options: RegistryOptions = {}): RegistryOptions {
  return {
    address: endpoint.replace('http://', ''),
    sessionMs: 3_000,
    auditIntervalMs: 1_000,
    ...options,
  };
}
