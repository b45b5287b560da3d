/**
 * What really happened in etcd, as far as one witness saw: every event of every history, and what a prefix held at a
 * revision of one of them. Plain data; test/faults/support/witness.ts fills it.
 */

/** One event of etcd. `lease` is '0' for a key without one. */
export interface HistoryEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly lease: string;
  readonly revision: number;
}

/** One uninterrupted run of revisions; a wipe, a restore or another cluster starts the next. */
export class Epoch {
  readonly events: HistoryEvent[] = [];

  /** The last revision of which an event is known. */
  get head(): number {
    return this.events.at(-1)?.revision ?? 0;
  }
}

export class History {
  readonly epochs: Epoch[] = [new Epoch()];
  /** One copy of each key, however often it is written. */
  readonly #keys = new Map<string, string>();

  get current(): Epoch {
    const last = this.epochs.at(-1);
    if (last === undefined) throw new Error('a history has at least one epoch');
    return last;
  }

  /** Events come in the order of revisions; one that is known already is dropped. */
  append(events: readonly HistoryEvent[]): void {
    const { current } = this;
    const { head } = current;
    for (const event of events) {
      if (event.revision > head) current.events.push({ ...event, key: this.#oneCopy(event.key) });
    }
  }

  startEpoch(): void {
    this.epochs.push(new Epoch());
  }

  #oneCopy(key: string): string {
    const known = this.#keys.get(key);
    if (known === undefined) this.#keys.set(key, key);
    return known ?? key;
  }
}

/** Walks forward through one epoch and knows what a prefix holds there. */
export class PrefixState {
  readonly #epoch: Epoch;
  readonly #prefix: string;
  readonly #keys = new Set<string>();
  #next = 0;

  constructor(epoch: Epoch, prefix: string) {
    this.#epoch = epoch;
    this.#prefix = prefix;
  }

  /** The keys under the prefix at this revision, which must not lie before the last one asked for. */
  at(revision: number): ReadonlySet<string> {
    for (; this.#next < this.#epoch.events.length; this.#next += 1) {
      const event = this.#epoch.events[this.#next];
      if (event === undefined || event.revision > revision) break;
      if (!event.key.startsWith(this.#prefix)) continue;
      if (event.type === 'put') this.#keys.add(event.key);
      else this.#keys.delete(event.key);
    }
    return this.#keys;
  }
}
