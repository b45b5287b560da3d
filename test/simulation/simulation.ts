/**
 * Plays one story: the real registries and machines in simulated surroundings, step by step, and every guarantee
 * checked as soon as it can be seen. The same story always plays the same way.
 */
import { Cast } from './cast.js';
import { diceFor } from './chance.js';
import { Ending } from './ending.js';
import { deletesOwn } from './guarantees.js';
import { Inspection } from './inspection.js';
import { Jury, type Violation } from './jury.js';
import { Link } from './network.js';
import { Process, type SimWorld } from './process.js';
import { SimEtcd } from './sim-etcd.js';
import { type Deed, endAtMs, healAtMs, type Story } from './story.js';
import { strangersValue } from './troubles.js';
import { quiet } from './turns.js';
import { VirtualClock } from './virtual-clock.js';
import { onVirtualHost, realTurn } from './virtual-host.js';
import { Weather } from './weather.js';
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
  readonly #cast = new Cast();
  readonly #weather: Weather;
  readonly #ending: Ending;
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
    this.#weather = new Weather(this.#world, this.#cast);
    this.#ending = new Ending(this.#world, this.#cast);
    this.#inspection = new Inspection(this.#world, this.#cast, this.#weather);
  }

  async run(): Promise<void> {
    const { workload, faults, processes } = this.#story;
    for (let slot = 0; slot < processes; slot += 1) this.#cast.present.push(this.#newProcess(slot, 0));
    for (const deed of workload) this.#plan(deed.at, () => this.#do(deed));
    for (const fault of faults) this.#plan(fault.at, () => this.#weather.begin(fault));
    this.#plan(healAtMs, () => this.#weather.heal());
    this.#ending.plan((at, run) => this.#plan(at, run));
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
    this.#judgeWhole();
  }

  outcome(): Outcome {
    const all = this.#cast.all;
    const work = all.reduce((sum, { doneCount, toldCount }) => sum + doneCount + toldCount, 0);
    const lost = all.reduce((sum, { link }) => sum + link.lostCount, 0);
    return {
      violation: this.jury.violation,
      steps: this.#steps,
      simulatedMs: this.#clock.nowMs,
      checks: this.jury.checkCount,
      work,
      faults: this.#weather.begun,
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
    const process = this.#cast.at(who);
    this.#world.trace(() => `${process.name} ${verb} ${what}`);
    if (verb === 'restart' || verb === 'kill') {
      const lives = this.#cast.gone.filter(({ slot }) => slot === process.slot).length + 1;
      if (verb === 'kill') process.kill();
      else process.close();
      this.#cast.gone.push(process);
      this.#cast.present[process.slot] = this.#newProcess(process.slot, lives);
    } else process[verb](what);
  }

  /** After everybody has closed nothing of them is left, and enough has happened. */
  #judgeWhole(): void {
    this.#ending.judgeRemains();
    if (!this.#mustWork) return;
    const { work, felt, faults } = this.outcome();
    const isEnough = work >= 5 && Object.keys(faults).length > 0;
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
    const process = this.#cast.all.find(({ name }) => name === author);
    if (process === undefined) return;
    if (after === undefined && before !== undefined) {
      // A key without lease is known by its value: an earlier life of the process may have written it.
      const isByValue = before.lease === '0' && before.value !== strangersValue;
      const isOurs = isByValue || process.wire.leases.includes(before.lease);
      this.jury.judge('ALWAYS-5', process.name, deletesOwn(key, isOurs));
    }
    process.wrote(seen);
  }
}
