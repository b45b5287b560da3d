/** Looks at every process once a second: honest states, bounded resources, progress. */
import type { Cast } from './cast.js';
import { isShared } from './catalogue.js';
import {
  hasFewTimers,
  isAdvancing,
  isDone,
  isLeaseHonest,
  isLinkHonest,
  isPatient,
  isWithinLimits,
} from './guarantees.js';
import type { Process, SimWorld } from './process.js';
import type { Weather } from './weather.js';

/** What was worse than a storm is forgotten after that: links are back, and the protection against wipes is over. */
const recoveryMs = 15_000;
/** What changed that long ago has reached every listener, storm or not. */
const progressMs = 3_000;
/** What was asked for that long ago is done: it may have had to wait for the longest backoff of something that is refused. */
const doneMs = 6_000;
/** What was denied is asked for again with the next regular audit. */
const deniedMs = 20_000;

export class Inspection {
  readonly #world: SimWorld;
  readonly #cast: Cast;
  readonly #weather: Weather;
  #round = 0;

  constructor(world: SimWorld, cast: Cast, weather: Weather) {
    this.#world = world;
    this.#cast = cast;
    this.#weather = weather;
  }

  start(): void {
    this.#world.clock.setTimeout(() => this.#look(), 1_000);
  }

  #look(): void {
    const { clock, jury } = this.#world;
    this.#round += 1;
    const isStormAtMost = this.#weather.onlyMs('storm') >= recoveryMs;
    const isDenialAtMost = this.#weather.onlyMs('denied') >= recoveryMs;
    const processes = this.#cast.present;
    let subscriptions = 0;
    for (const process of processes) {
      if (!process.isAlive) continue;
      subscriptions += process.listenings.size;
      this.#honest(process);
      if (isStormAtMost || isDenialAtMost) this.#advancing(process);
      if (isDenialAtMost) this.#isolated(process);
      jury.judge('BOUNDED-3', process.name, isPatient(process.wire.dials.inTenSeconds(clock.nowMs)));
      if (this.#round % 10 === 0) this.#bounded(process);
    }
    jury.judge(
      'BOUNDED-1',
      '',
      hasFewTimers(clock.pending - this.#plannedTimers(), processes.length, subscriptions),
    );
    this.start();
  }

  #honest(process: Process): void {
    const { clock, jury } = this.#world;
    const sinceRenewalMs = clock.nowMs - process.wire.renewalSentAtMs;
    jury.judge(
      'ALWAYS-9',
      process.name,
      isLeaseHonest(process.leaseState, sinceRenewalMs, this.#world.ttlMs),
    );
    const { heldSinceMs } = process.link;
    const silentMs = heldSinceMs === undefined ? 0 : clock.nowMs - Math.max(heldSinceMs, process.upSinceMs);
    jury.judge('ALWAYS-9', process.name, isLinkHonest(process.isUp, silentMs));
  }

  #advancing(process: Process): void {
    const { witness, etcd, clock, jury } = this.#world;
    for (const { consumed, placed } of process.listenings.values()) {
      for (const [prefix, { told, epochs }] of placed) {
        if (consumed.manner === 'hanging' || !epochs.includes(witness.epoch)) continue;
        if (etcd.rights.wasDenied(process.name, prefix, deniedMs)) continue;
        const revision = witness.revisionBy(prefix, clock.nowMs - progressMs);
        jury.judge('EVENTUALLY-6', process.name, isAdvancing(witness, prefix, told, revision));
      }
    }
  }

  /** What a process may touch is done, whatever else it may not. */
  #isolated(process: Process): void {
    const { witness, etcd, clock, jury } = this.#world;
    for (const [key, { is, sinceMs }] of process.wishes) {
      if (sinceMs > clock.nowMs - doneMs || isShared(key)) continue;
      if (etcd.rights.wasDenied(process.name, key, deniedMs)) continue;
      if (is === 'withdrawn' && process.mayComeBack(key)) continue;
      const isThere =
        is === 'registered' ? witness.state.has(key) : process.owns(key, witness.lastAuthor(key));
      jury.judge('EVENTUALLY-1', process.name, isDone(key, is, isThere));
    }
  }

  #bounded(process: Process): void {
    const { registrations } = process.registry.status();
    const limits = {
      txnsInFlight: process.wire.txnsInFlight,
      intents: registrations.length,
      keys: new Set(registrations.map(({ key }) => key)).size,
    };
    this.#world.jury.judge('BOUNDED-1', process.name, isWithinLimits(limits));
  }

  /** The story's own timers count for nobody; they are at most this many. */
  #plannedTimers(): number {
    return this.#world.planned();
  }
}
