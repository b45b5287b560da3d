/** The fault-free end of a story: everything has to come true, stay quiet, react, and close. */
import type { Cast } from './cast.js';
import { strange } from './catalogue.js';
import { isForgotten, isQuiet, isRegistered, isUpToDate } from './guarantees.js';
import type { Process, SimWorld } from './process.js';
import { closeAtMs, healAtMs } from './story.js';
import { wantedIn } from './wishes.js';

/** What changed less long ago may still be on its way to a listener, or to one that has just thrown. */
const deliveryMs = 110;
/** Whoever lost its lease or its keys has them back by then. */
const ownLossMs = 2_000;

export class Ending {
  readonly #world: SimWorld;
  readonly #cast: Cast;

  constructor(world: SimWorld, cast: Cast) {
    this.#world = world;
    this.#cast = cast;
  }

  /** Plans what is done and judged once all is healed. */
  plan(schedule: (at: number, run: () => void) => void): void {
    const { etcd } = this.#world;
    const before = new Map<Process, Record<string, number>>();
    schedule(healAtMs + 18_000, () => {
      this.#judgeConvergence('EVENTUALLY-1');
      for (const process of this.#cast.present) before.set(process, { ...process.wire.counts });
    });
    schedule(healAtMs + 21_900, () => {
      for (const [process, counts] of before) this.#judgeQuiet(process, counts, 3_900);
    });
    schedule(healAtMs + 22_000, () => {
      for (const index of [0, 1]) {
        etcd.serve('stranger', (core) =>
          core.put({ key: Buffer.from(strange(index).key), value: Buffer.from('new') }),
        );
      }
    });
    schedule(healAtMs + 22_000 + deliveryMs, () => this.#judgeListeners('EVENTUALLY-2'));
    schedule(healAtMs + 22_200, () => this.#revokeAll());
    schedule(healAtMs + 22_200 + ownLossMs, () => this.#judgeConvergence('EVENTUALLY-3'));
    schedule(closeAtMs, () => {
      for (const process of this.#cast.present) process.close();
    });
  }

  #revokeAll(): void {
    for (const {
      wire: { leaseInUse },
    } of this.#cast.present) {
      this.#world.etcd.serve('operator', (core) => {
        if (core.leases().some(({ id }) => id === leaseInUse)) core.leaseRevoke({ ID: leaseInUse ?? '' });
      });
    }
  }

  #judgeConvergence(guarantee: string): void {
    const { witness, etcd } = this.#world;
    const alive = new Set(etcd.core.leases().map(({ id }) => id));
    for (const process of this.#cast.present) {
      const desired = new Set(wantedIn(process.wishes));
      const held = new Map<string, { isOurs: boolean; isShared: boolean }>();
      for (const [key, { lease }] of witness.state) {
        // Service keys are written once and belong to nobody.
        if (!key.startsWith('/dubbo/') || key.split('/').length < 5) continue;
        if (!desired.has(key) && process.mayComeBack(key)) continue;
        const isOurs = process.owns(key, witness.lastAuthor(key));
        const isShared = this.#isContested(process, key) || lease === '0';
        if (isOurs || desired.has(key)) held.set(key, { isOurs, isShared });
      }
      const liveLeases = process.wire.leases.filter((id) => alive.has(id)).length;
      this.#world.jury.judge(guarantee, process.name, isRegistered({ desired, held, liveLeases }));
    }
    this.#judgeListeners(guarantee);
  }

  #judgeListeners(guarantee: string): void {
    for (const process of this.#cast.present) {
      for (const { consumed, last } of process.listenings.values()) {
        if (consumed.manner === 'hanging') continue;
        for (const prefix of consumed.prefixes.values()) {
          if (this.#world.witness.changedAtMs(prefix) > this.#world.clock.nowMs - deliveryMs) continue;
          const now = this.#world.witness.keysNow(prefix);
          this.#world.jury.judge(guarantee, process.name, isUpToDate(consumed.url, last.get(prefix), now));
        }
      }
    }
  }

  #judgeQuiet(process: Process, before: Record<string, number>, windowMs: number): void {
    const asked = Object.fromEntries(
      Object.entries(process.wire.counts).map(([method, count]) => [method, count - (before[method] ?? 0)]),
    );
    const hasContested = wantedIn(process.wishes).some((key) => this.#isContested(process, key));
    this.#world.jury.judge(
      'BOUNDED-2',
      process.name,
      isQuiet({ asked, windowMs, ttlMs: this.#world.ttlMs, hasContested }),
    );
  }

  /** True when another process wants the key too. */
  #isContested(process: Process, key: string): boolean {
    return this.#cast.present.some(
      (other) => other !== process && other.wishes.get(key)?.is === 'registered',
    );
  }

  /** After everybody has closed nothing of them is left. */
  judgeRemains(): void {
    const { witness, jury, clock } = this.#world;
    for (const process of this.#cast.all) {
      const keys = [...witness.state]
        .filter(([, { lease }]) => process.wire.leases.includes(lease))
        .map(([key]) => key);
      jury.judge('EVENTUALLY-5', process.name, isForgotten(process.name, keys));
    }
    jury.judge('EVENTUALLY-7', '', clock.pending > 20 ? `${clock.pending} timers are left` : undefined);
  }
}
