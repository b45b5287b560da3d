/** What goes wrong at the moment: begins each fault, ends it when its time is over, and knows how long it has been calm. */
import type { Cast } from './cast.js';
import type { SimWorld } from './process.js';
import type { Fault, FaultKind } from './story.js';
import { begin, type Victims } from './troubles.js';
import { wantedIn } from './wishes.js';

export class Weather {
  /** Faults that were begun, by kind. */
  readonly begun: Record<string, number> = {};
  readonly #world: SimWorld;
  readonly #victims: Victims;
  /** What ends each fault that is under way. */
  readonly #ends = new Map<() => void, FaultKind>();
  /** When each kind began or ended last. */
  readonly #lastAtMs = new Map<FaultKind, number>();

  constructor(world: SimWorld, cast: Cast) {
    const { clock, etcd } = world;
    this.#world = world;
    this.#victims = {
      clock,
      etcd,
      link: (who) => cast.at(who).link,
      lease: (who) => cast.at(who).wire.leaseInUse,
      name: (who) => cast.at(who).name,
      wantedKey: (who, size) => {
        const wanted = wantedIn(cast.at(who).wishes);
        return wanted[size % Math.max(wanted.length, 1)];
      },
    };
  }

  /** How long nothing has gone wrong but faults of this kind. */
  onlyMs(kind: FaultKind): number {
    if ([...this.#ends.values()].some((other) => other !== kind)) return 0;
    const others = [...this.#lastAtMs].filter(([other]) => other !== kind).map(([, atMs]) => atMs);
    return this.#world.clock.nowMs - Math.max(0, ...others);
  }

  begin(fault: Fault): void {
    const { clock, trace } = this.#world;
    const { kind } = fault;
    trace(() => `== ${kind} ${JSON.stringify(fault)}`);
    this.begun[kind] = (this.begun[kind] ?? 0) + 1;
    this.#remember(kind);
    const end = begin(this.#victims, fault);
    if (end === undefined) return;
    const once = (): void => {
      if (!this.#ends.delete(once)) return;
      trace(() => `== end of ${kind}`);
      this.#remember(kind);
      end();
    };
    this.#ends.set(once, kind);
    clock.setTimeout(once, fault.ms);
  }

  /** Ends whatever is under way. */
  heal(): void {
    for (const end of this.#ends.keys()) end();
    this.#world.trace(() => '== healed');
  }

  #remember(kind: FaultKind): void {
    this.#lastAtMs.set(kind, this.#world.clock.nowMs);
  }
}
