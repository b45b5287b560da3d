/** One simulated process: a real registry in simulated surroundings, what it was asked to do, and what came of it. */
import { createRegistryIn } from '../../src/create-registry.js';
import { connectEtcd } from '../../src/etcd/ports.js';
import type { Registry } from '../../src/registry.js';
import type { Clock } from '../../src/world.js';
import { consumed, keysOfTold, type Provided, provided } from './catalogue.js';
import { type Dice, diceFor } from './chance.js';
import {
  goesForward,
  hasEnded,
  isEmptyInEtcd,
  isGone,
  isTruth,
  isWanted,
  saysHistory,
  type Told,
  wasWritten,
} from './guarantees.js';
import type { Jury } from './jury.js';
import type { Link } from './network.js';
import { metaRoot } from './rights.js';
import type { SimEtcd } from './sim-etcd.js';
import { SimTransport } from './sim-transport.js';
import { stoppable } from './stoppable-clock.js';
import type { VirtualClock } from './virtual-clock.js';
import { type Tampering, Wire } from './wire.js';
import type { Listening, Wish } from './wishes.js';
import type { Seen, Witness } from './witness.js';

/** What all processes of a simulation share. */
export interface SimWorld {
  readonly clock: VirtualClock;
  readonly etcd: SimEtcd;
  readonly witness: Witness;
  readonly jury: Jury;
  readonly trace: (line: () => string) => void;
  readonly ttlMs: number;
  /** How many timers the story itself has set. */
  readonly planned: () => number;
  readonly tampering: Tampering;
}

const options = {
  check: false,
  auditIntervalMs: 14_000,
  emptyProtectionMs: 5_000,
};

export class Process {
  readonly name: string;
  readonly slot: number;
  readonly link: Link;
  readonly wishes = new Map<string, Wish>();
  readonly listenings = new Map<string, Listening>();
  readonly wire: Wire;
  readonly #world: SimWorld;
  readonly #written = new Set<string>();
  /** Epochs whose sentinel this process knows, because a write of its was answered there. */
  readonly #markedEpochs = new Set<number>();
  #writtenEpoch = 0;
  readonly #startedAtMs: number;
  /** Whether it may not have been able to read the sentinel when its link came up, and when the one before did. */
  #isHidden = false;
  #wasHidden = false;
  readonly #clock: Clock & { isStopped: boolean };
  #registry: Registry | undefined;
  state: 'running' | 'closing' | 'closed' | 'dead' = 'running';
  isUp = false;
  upSinceMs = 0;
  leaseState = 'none';
  pendingCalls = 0;
  doneCount = 0;
  toldCount = 0;

  constructor(world: SimWorld, slot: number, life: number, link: Link, seed: number) {
    this.name = `p${slot}${life === 0 ? '' : `#${life}`}`;
    this.slot = slot;
    this.link = link;
    this.#world = world;
    this.#clock = stoppable(world.clock);
    this.#startedAtMs = world.clock.nowMs;
    this.wire = new Wire(world.clock, link, (guarantee, verdict) => this.#judge(guarantee, verdict));
    void this.#start(diceFor(seed, `jitter of ${this.name}`));
  }

  /** The registry; it exists from the first turn on. */
  get registry(): Registry {
    if (this.#registry === undefined) throw new Error(`${this.name} has not started`);
    return this.#registry;
  }

  /** True while nothing has kept it from its fence in this life, so that nothing may come through late. */
  get #isFenced(): boolean {
    const { etcd, clock } = this.#world;
    return !etcd.rights.wasDenied(this.name, metaRoot, clock.nowMs - this.#startedAtMs);
  }

  /** True for a key without lease that was there once: without a fence nothing keeps a late write from bringing it back for good. */
  mayComeBack(key: string): boolean {
    return !this.#isFenced && this.#world.witness.state.get(key)?.lease === '0';
  }

  get isAlive(): boolean {
    return this.state === 'running';
  }

  register(what: number): void {
    const it = provided(this.slot, what);
    if (!this.isAlive || this.wishes.get(it.key)?.is === 'registered') return;
    const wish = this.#wish('registered');
    this.wishes.set(it.key, wish);
    this.#call(`register ${it.told}`, this.registry.register(it.url), {
      done: () => {
        if (it.checked && this.wishes.get(it.key) === wish) {
          this.#judge('ALWAYS-7', wasWritten(it.key, this.#written.has(it.key)));
        }
      },
      failed: () => {
        if (this.wishes.get(it.key) === wish) this.wishes.set(it.key, this.#wish('withdrawn'));
      },
    });
  }

  /** Also withdraws what is being withdrawn already: that must not resolve earlier. */
  unregister(what: number): void {
    const it = provided(this.slot, what);
    const known = this.wishes.get(it.key);
    if (!this.isAlive || known === undefined) return;
    const wish = known.is === 'withdrawn' ? known : this.#wish('withdrawn');
    this.wishes.set(it.key, wish);
    this.#call(`unregister ${it.told}`, this.registry.unregister(it.url), {
      done: () => this.#withdrawn(it, wish),
      failed: () => {},
    });
  }

  subscribe(what: number): void {
    const it = consumed(this.slot, what);
    if (!this.isAlive || this.listenings.has(it.url)) return;
    const listening: Listening = {
      consumed: it,
      last: new Map(),
      placed: new Map(),
      isOpen: true,
      callCount: 0,
      stop: () => {},
    };
    const listener = (urls: readonly { protocol: string; toString(): string }[], info: object): unknown =>
      this.#told(listening, urls, info as { history: number; revision: string; category: string });
    listening.stop = () => void this.registry.unsubscribe(it.url, listener as never);
    this.listenings.set(it.url, listening);
    this.#call(`subscribe ${it.url}`, this.registry.subscribe(it.url, listener as never), {
      done: () => {},
      failed: () => {
        listening.isOpen = false;
        if (this.listenings.get(it.url) === listening) this.listenings.delete(it.url);
      },
    });
  }

  unsubscribe(what: number): void {
    const { url } = consumed(this.slot, what);
    const listening = this.listenings.get(url);
    if (!this.isAlive || listening === undefined) return;
    listening.stop();
    listening.isOpen = false;
    this.listenings.delete(url);
  }

  close(): void {
    if (this.state !== 'running') return;
    this.state = 'closing';
    const { clock, jury } = this.#world;
    const sinceMs = clock.nowMs;
    let tookMs: number | undefined;
    void this.registry.close().then(() => {
      this.state = 'closed';
      tookMs = clock.nowMs - sinceMs;
      for (const listening of this.listenings.values()) listening.isOpen = false;
    });
    clock.setTimeout(() => jury.judge('EVENTUALLY-7', this.name, hasEnded(tookMs, this.pendingCalls)), 2_100);
  }

  /** Dies as by kill -9: nothing of it runs any more, and its connections are reset. */
  kill(): void {
    if (this.state !== 'running') return;
    this.state = 'dead';
    this.#clock.isStopped = true;
    for (const listening of this.listenings.values()) listening.isOpen = false;
    this.link.cut();
  }

  /** True when the key is in etcd and it is this process that put it there. */
  owns(key: string, lastAuthor: string | undefined): boolean {
    const present = this.#world.witness.state.get(key);
    if (present === undefined) return false;
    return present.lease === '0' ? lastAuthor === this.name : this.wire.leases.includes(present.lease);
  }

  /** Etcd has applied a write of this process. */
  wrote({ epoch, key, after }: Seen): void {
    if (after !== undefined) this.#writtenEpoch = epoch;
    if (after === undefined || !key.startsWith('/dubbo/') || key.split('/').length < 5) return;
    this.#written.add(key);
    const wish = this.wishes.get(key);
    if (this.#isFenced && (wish === undefined || wish.isGone))
      this.#judge('ALWAYS-4', isGone(key, { isOurs: true }));
  }

  async #start(dice: Dice): Promise<void> {
    const { clock, etcd, tampering } = this.#world;
    const around = {
      clock,
      etcd,
      link: this.link,
      author: this.name,
      wire: this.wire,
      tampering,
    };
    const world = {
      clock: this.#clock,
      random: () => dice.next(),
      connect: (settings: Parameters<typeof connectEtcd>[0]) =>
        connectEtcd(settings, () => SimTransport.open(around)),
    };
    const registry = await createRegistryIn(world, 'etcd3://etcd:2379', {
      ...options,
      sessionMs: this.#world.ttlMs,
    });
    this.#registry = registry;
    registry.on('connection', ({ state }) => {
      this.isUp = state === 'connected';
      this.upSinceMs = this.#world.clock.nowMs;
      if (this.isUp) this.#rememberHidden();
      this.#trace(() => `connection ${state}`);
    });
    registry.on('lease', ({ state, leaseId }) => {
      this.leaseState = state === 'doubtful' ? this.leaseState : state;
      if (state === 'alive') this.wire.granted();
      this.#trace(() => `lease ${state} ${leaseId}`);
    });
    registry.on('registration', ({ state, keys }) => {
      if (state === 'written' && this.#isFenced) this.#markedEpochs.add(this.#writtenEpoch);
      this.#trace(() => `registration ${state} ${keys.map(short).join(' ')}`);
    });
    registry.on('view', ({ prefix, size, revision, stale }) =>
      this.#trace(() => `view ${prefix} ${size} at ${revision}${stale ? ` stale: ${stale.reason}` : ''}`),
    );
    registry.on('listenerError', (error) => this.#trace(() => String(error)));
    registry.on('failed', (error) => this.#judge('ALWAYS-10', `the registry failed: ${error.message}`));
  }

  #told(
    listening: Listening,
    urls: readonly { protocol: string; toString(): string }[],
    info: { readonly history: number; readonly revision: string; readonly category: string },
  ): unknown {
    const { witness } = this.#world;
    const { manner, url, prefixes } = listening.consumed;
    const prefix = prefixes.get(info.category) ?? '';
    const told = { history: info.history, revision: Number(info.revision), keys: keysOfTold(urls) };
    this.toldCount += 1;
    listening.callCount += 1;
    this.#trace(() => `told ${prefix} ${told.keys.length} keys at (${told.history}, ${told.revision})`);
    this.#judge('ALWAYS-7', isWanted(listening.isOpen, url));
    this.#judge('ALWAYS-1', goesForward(listening.placed.get(prefix)?.told, told));
    this.#judge('ALWAYS-3', isEmptyInEtcd(witness, prefix, told));
    this.#place(listening, prefix, told);
    if (manner === 'throwing' && listening.callCount % 3 === 1)
      throw new Error('a listener that throws now and then');
    listening.last.set(prefix, told);
    return manner === 'hanging' ? new Promise(() => {}) : undefined;
  }

  /** Judges of which epochs a notification can have been, and keeps them for the next one. */
  #place({ placed }: Listening, prefix: string, told: Told): void {
    const { witness } = this.#world;
    const last = placed.get(prefix);
    const truth = isTruth(witness, prefix, told, last);
    this.#judge('ALWAYS-2', typeof truth === 'string' ? truth : undefined);
    if (typeof truth === 'string') return;
    const now = saysHistory(prefix, last, truth, (epoch) => this.#knowsSentinel(epoch));
    this.#judge('ALWAYS-1', typeof now === 'string' ? now : undefined);
    if (typeof now !== 'string') placed.set(prefix, now);
  }

  #wish(is: Wish['is']): Wish {
    return { is, sinceMs: this.#world.clock.nowMs, isGone: false };
  }

  #rememberHidden(): void {
    this.#wasHidden = this.#isHidden;
    this.#isHidden = this.#world.etcd.rights.wasDenied(this.name, `${metaRoot}sentinel`, 3_000);
  }

  /** Between two links that both came up without a look at the sentinel nobody can tell one history from another. */
  #knowsSentinel(epoch: number): boolean {
    return !(this.#isHidden && this.#wasHidden) && this.#markedEpochs.has(epoch);
  }

  #withdrawn(it: Provided, wish: Wish): void {
    if (this.state !== 'running' || this.wishes.get(it.key) !== wish) return;
    wish.isGone = true;
    this.#written.delete(it.key);
    const isOurs = this.owns(it.key, this.#world.witness.lastAuthor(it.key));
    if (this.#isFenced) this.#judge('ALWAYS-4', isGone(it.key, { isOurs }));
  }

  #call(
    what: string,
    promise: Promise<unknown>,
    on: { readonly done: () => void; readonly failed: () => void },
  ): void {
    this.pendingCalls += 1;
    this.#trace(() => what);
    promise.then(
      () => {
        this.pendingCalls -= 1;
        this.doneCount += 1;
        this.#trace(() => `${what}: done`);
        on.done();
      },
      (error: unknown) => {
        this.pendingCalls -= 1;
        this.#trace(() => `${what}: ${error instanceof Error ? error.message : String(error)}`);
        on.failed();
      },
    );
  }

  #judge(guarantee: string, verdict: string | undefined): void {
    this.#world.jury.judge(guarantee, this.name, verdict);
  }

  #trace(line: () => string): void {
    this.#world.trace(() => `${this.name} ${line()}`);
  }
}

function short(key: string): string {
  return decodeURIComponent(key.slice(key.lastIndexOf('/') + 1));
}
