/**
 * Plays one story: the real registries and machines in simulated surroundings, step by step, and every guarantee
 * checked as soon as it can be seen. The same story always plays the same way.
 */
import { strange } from './catalogue.js';
import { diceFor } from './chance.js';
import { deletesOwn, isForgotten, isQuiet, isRegistered, isUpToDate } from './guarantees.js';
import { Inspection } from './inspection.js';
import { Jury, type Violation } from './jury.js';
import { Link } from './network.js';
import { Process, type SimWorld } from './process.js';
import { SimEtcd } from './sim-etcd.js';
import { closeAtMs, type Deed, endAtMs, type Fault, healAtMs, type Story } from './story.js';
import { begin, strangersValue } from './troubles.js';
import { quiet } from './turns.js';
import { VirtualClock } from './virtual-clock.js';
import { onVirtualHost, realTurn } from './virtual-host.js';
import { type Seen, Witness } from './witness.js';

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly checks: number;
  readonly work: number;
  /** Faults that were begun, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Connections lost and histories replaced: proof that faults were felt. */
  readonly felt: number;
}

export interface PlayOptions {
  readonly trace?: (line: string) => void;
  readonly tampering?: SimWorld['tampering'];
  /** False for a shortened story, which need not do much. */
  readonly mustWork?: boolean;
}

/** What changed less long ago may still be on its way to a listener, or to one that has just thrown. */
const deliveryMs = 110;
/** Whoever lost its lease or its keys has them back by then. */
const ownLossMs = 2_000;

/** Plays the story to its end, or to the first broken promise. */
export async function play(story: Story, options: PlayOptions = {}): Promise<Outcome> {
  const clock = new VirtualClock();
  const host = diceFor(story.seed, 'host');
  const thrown: unknown[] = [];
  const onThrown = (error: unknown): void => void thrown.push(error);
  process.on('unhandledRejection', onThrown);
  process.on('warning', onThrown);
  try {
    const simulation = new Simulation(story, clock, options);
    await onVirtualHost(
      clock,
      () => host.next(),
      () => simulation.run(),
    );
    await realTurn();
    for (const error of thrown) simulation.jury.judge('ALWAYS-10', '', `unhandled: ${String(error)}`);
    return simulation.outcome();
  } finally {
    process.off('unhandledRejection', onThrown);
    process.off('warning', onThrown);
  }
}

class Simulation {
  readonly jury: Jury;
  readonly #story: Story;
  readonly #clock: VirtualClock;
  readonly #mustWork: boolean;
  readonly #world: SimWorld;
  readonly #inspection: Inspection;
  /** By place; who was there before is in `#gone`. */
  readonly #processes: Process[] = [];
  readonly #gone: Process[] = [];
  readonly #begun: Record<string, number> = {};
  readonly #ends = new Set<() => void>();
  #steps = 0;
  #planned = 0;

  constructor(story: Story, clock: VirtualClock, options: PlayOptions) {
    this.#story = story;
    this.#clock = clock;
    this.#mustWork = options.mustWork ?? true;
    this.jury = new Jury(() => clock.nowMs);
    const witness = new Witness(
      () => clock.nowMs,
      (seen) => this.#seen(seen),
    );
    const { trace } = options;
    this.#world = {
      clock,
      witness,
      jury: this.jury,
      etcd: new SimEtcd(clock, diceFor(story.seed, 'etcd'), witness),
      trace: trace ? (line) => trace(`${(clock.nowMs / 1000).toFixed(3).padStart(8)} ${line()}`) : () => {},
      ttlMs: story.ttlMs ?? 6_000,
      planned: () => this.#planned,
      tampering: options.tampering ?? {},
    };
    this.#inspection = new Inspection(this.#world, () => this.#processes);
  }

  async run(): Promise<void> {
    const { workload, faults, processes } = this.#story;
    for (let slot = 0; slot < processes; slot += 1) this.#processes.push(this.#newProcess(slot, 0));
    for (const deed of workload) this.#plan(deed.at, () => this.#do(deed));
    for (const fault of faults) this.#plan(fault.at, () => this.#begin(fault));
    this.#plan(healAtMs, () => this.#heal());
    this.#planEnding();
    this.#inspection.start();
    await quiet();
    for (;;) {
      const step = this.#clock.next(endAtMs);
      if (step === undefined) break;
      this.#steps += 1;
      try {
        step();
      } catch (error) {
        this.jury.judge('ALWAYS-10', '', `thrown: ${error instanceof Error ? error.stack : String(error)}`);
      }
      await quiet();
      if (this.jury.violation !== undefined) return;
    }
    this.#afterAll();
  }

  outcome(): Outcome {
    const all = [...this.#processes, ...this.#gone];
    const work = all.reduce((sum, { doneCount, toldCount }) => sum + doneCount + toldCount, 0);
    const lost = all.reduce((sum, { link }) => sum + link.lostCount, 0);
    return {
      violation: this.jury.violation,
      steps: this.#steps,
      simulatedMs: this.#clock.nowMs,
      checks: this.jury.checkCount,
      work,
      faults: this.#begun,
      felt: lost + this.#world.witness.epoch,
    };
  }

  #plan(at: number, run: () => void): void {
    this.#planned += 1;
    this.#clock.at(at, () => {
      this.#planned -= 1;
      run();
    });
  }

  #newProcess(slot: number, life: number): Process {
    const { seed } = this.#story;
    const { clock, etcd } = this.#world;
    const link = new Link(clock, diceFor(seed, `network of ${slot}#${life}`), etcd);
    return new Process(this.#world, slot, life, link, seed);
  }

  #do({ who, do: verb, what }: Deed): void {
    const process = this.#at(who);
    this.#world.trace(() => `${process.name} ${verb} ${what}`);
    if (verb === 'restart' || verb === 'kill') {
      const lives = this.#gone.filter(({ slot }) => slot === process.slot).length + 1;
      if (verb === 'kill') process.kill();
      else process.close();
      this.#gone.push(process);
      this.#processes[process.slot] = this.#newProcess(process.slot, lives);
    } else process[verb](what);
  }

  #begin(fault: Fault): void {
    const { clock, etcd, trace } = this.#world;
    trace(() => `== ${fault.kind} ${JSON.stringify(fault)}`);
    this.#begun[fault.kind] = (this.#begun[fault.kind] ?? 0) + 1;
    const victims = {
      clock,
      etcd,
      link: (who: number) => this.#at(who).link,
      lease: (who: number) => this.#at(who).leaseInUse,
      wantedKey: (who: number, size: number) => {
        const wanted = [...this.#at(who).wishes].filter(([, wish]) => wish.is === 'registered');
        return wanted[size % Math.max(wanted.length, 1)]?.[0];
      },
    };
    const end = begin(victims, fault);
    if (end === undefined) return;
    const once = (): void => {
      if (!this.#ends.delete(once)) return;
      trace(() => `== end of ${fault.kind}`);
      end();
    };
    this.#ends.add(once);
    clock.setTimeout(once, fault.ms);
  }

  #heal(): void {
    for (const end of this.#ends) end();
    this.#world.trace(() => '== healed');
  }

  /** The fault-free end: everything has to come true, stay quiet, react, and close. */
  #planEnding(): void {
    const { etcd } = this.#world;
    const before = new Map<Process, Record<string, number>>();
    this.#plan(healAtMs + 18_000, () => {
      this.#judgeConvergence('EVENTUALLY-1');
      for (const process of this.#processes) before.set(process, { ...process.asked });
    });
    this.#plan(healAtMs + 21_900, () => {
      for (const [process, counts] of before) this.#judgeQuiet(process, counts, 3_900);
    });
    this.#plan(healAtMs + 22_000, () => {
      for (const index of [0, 1]) {
        etcd.serve('stranger', (core) =>
          core.put({ key: Buffer.from(strange(index).key), value: Buffer.from('new') }),
        );
      }
    });
    this.#plan(healAtMs + 22_000 + deliveryMs, () => this.#judgeListeners('EVENTUALLY-2'));
    this.#plan(healAtMs + 22_200, () => this.#revokeAll());
    this.#plan(healAtMs + 22_200 + ownLossMs, () => this.#judgeConvergence('EVENTUALLY-3'));
    this.#plan(closeAtMs, () => {
      for (const process of this.#processes) process.close();
    });
  }

  #revokeAll(): void {
    for (const { leaseInUse } of this.#processes) {
      this.#world.etcd.serve('operator', (core) => {
        if (core.leases().some(({ id }) => id === leaseInUse)) core.leaseRevoke({ ID: leaseInUse ?? '' });
      });
    }
  }

  #judgeConvergence(guarantee: string): void {
    const { witness, etcd } = this.#world;
    const alive = new Set(etcd.core.leases().map(({ id }) => id));
    for (const process of this.#processes) {
      const desired = new Set(
        [...process.wishes].filter(([, { is }]) => is === 'registered').map(([key]) => key),
      );
      const held = new Map<string, { isOurs: boolean; isShared: boolean }>();
      for (const [key, { lease }] of witness.state) {
        // Service keys are written once and belong to nobody.
        if (!key.startsWith('/dubbo/') || key.split('/').length < 5) continue;
        const isOurs = process.owns(key, witness.lastAuthor(key));
        const isShared = this.#isContested(process, key) || lease === '0';
        if (isOurs || desired.has(key)) held.set(key, { isOurs, isShared });
      }
      const liveLeases = process.leases.filter((id) => alive.has(id)).length;
      this.jury.judge(guarantee, process.name, isRegistered({ desired, held, liveLeases }));
    }
    this.#judgeListeners(guarantee);
  }

  #judgeListeners(guarantee: string): void {
    for (const process of this.#processes) {
      for (const { consumed, last } of process.listenings.values()) {
        if (consumed.manner === 'hanging') continue;
        for (const prefix of consumed.prefixes.values()) {
          if (this.#world.witness.changedAtMs(prefix) > this.#clock.nowMs - deliveryMs) continue;
          const now = this.#world.witness.keysNow(prefix);
          this.jury.judge(guarantee, process.name, isUpToDate(consumed.url, last.get(prefix), now));
        }
      }
    }
  }

  #judgeQuiet(process: Process, before: Record<string, number>, windowMs: number): void {
    const asked = Object.fromEntries(
      Object.entries(process.asked).map(([method, count]) => [method, count - (before[method] ?? 0)]),
    );
    const wanted = [...process.wishes].filter(([, { is }]) => is === 'registered').map(([key]) => key);
    const hasContested = wanted.some((key) => this.#isContested(process, key));
    this.jury.judge(
      'BOUNDED-2',
      process.name,
      isQuiet({ asked, windowMs, ttlMs: this.#world.ttlMs, hasContested }),
    );
  }

  /** True when another process wants the key too. */
  #isContested(process: Process, key: string): boolean {
    return this.#processes.some((other) => other !== process && other.wishes.get(key)?.is === 'registered');
  }

  /** After everybody has closed nothing of them is left, and enough has happened. */
  #afterAll(): void {
    const { witness } = this.#world;
    for (const process of [...this.#processes, ...this.#gone]) {
      const keys = [...witness.state]
        .filter(([, { lease }]) => process.leases.includes(lease))
        .map(([key]) => key);
      this.jury.judge('EVENTUALLY-5', process.name, isForgotten(process.name, keys));
    }
    this.jury.judge(
      'EVENTUALLY-7',
      '',
      this.#clock.pending > 20 ? `${this.#clock.pending} timers are left` : undefined,
    );
    if (!this.#mustWork) return;
    const { work, felt, faults } = this.outcome();
    const isEnough = work >= 10 && Object.keys(faults).length > 0;
    this.jury.judge(
      'WORK',
      '',
      isEnough ? undefined : `only ${work} calls and notifications, ${felt} faults felt`,
    );
  }

  #seen(seen: Seen): void {
    const { author, key, before, after } = seen;
    this.#world.trace(
      () => `etcd ${author ?? 'itself'} ${after ? 'put' : 'deleted'} ${key} at ${seen.revision}`,
    );
    const process = [...this.#processes, ...this.#gone].find(({ name }) => name === author);
    if (process === undefined) return;
    if (after === undefined && before !== undefined) {
      // A key without lease is known by its value: an earlier life of the process may have written it.
      const isByValue = before.lease === '0' && before.value !== strangersValue;
      const isOurs = isByValue || process.leases.includes(before.lease);
      this.jury.judge('ALWAYS-5', process.name, deletesOwn(key, isOurs));
    }
    process.wrote(seen);
  }

  #at(who: number): Process {
    const process = this.#processes[who % this.#processes.length];
    if (process !== undefined) return process;
    throw new Error(`the story has no process ${who}`);
  }
}
