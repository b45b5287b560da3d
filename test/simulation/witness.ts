/**
 * Sees everything that happens inside the simulated etcd, as no client can: each epoch (an etcd whose data was not
 * replaced meanwhile) with all its changes, who made them, and what lay under a prefix at any revision.
 */
import type { EtcdCore } from '../../src/testing/etcd-core/core.js';
import type { WatchEvent } from '../../src/testing/etcd-core/messages.js';

/** One key as the witness knows it. */
export interface Known {
  readonly value: string;
  readonly lease: string;
}

/** One change of one key, and who caused it; undefined when etcd itself did (a lease ended). */
export interface Seen {
  readonly epoch: number;
  readonly revision: number;
  readonly key: string;
  readonly author: string | undefined;
  readonly before: Known | undefined;
  readonly after: Known | undefined;
}

/** What lay under a prefix from a revision on. */
interface Stage {
  readonly revision: number;
  readonly atMs: number;
  readonly keys: readonly string[];
}

interface Epoch {
  readonly state: Map<string, Known>;
  readonly stages: Map<string, Stage[]>;
  head: number;
}

export class Witness {
  readonly #nowMs: () => number;
  readonly #onSeen: (seen: Seen) => void;
  readonly #epochs: Epoch[] = [];
  readonly #authors = new Map<string, string | undefined>();
  /** Who is being served; changes are put down to them. */
  author: string | undefined;
  changeCount = 0;

  constructor(nowMs: () => number, onSeen: (seen: Seen) => void) {
    this.#nowMs = nowMs;
    this.#onSeen = onSeen;
  }

  /** The number of the present epoch. */
  get epoch(): number {
    return this.#epochs.length - 1;
  }

  get state(): ReadonlyMap<string, Known> {
    return this.#present.state;
  }

  get #present(): Epoch {
    const epoch = this.#epochs.at(-1);
    if (epoch === undefined) throw new Error('the witness has not seen an etcd yet');
    return epoch;
  }

  /** Watches a core from its next change on; to be called again after a crash. */
  watch(core: EtcdCore, isNewEpoch: boolean): void {
    if (isNewEpoch) this.#epochs.push({ state: new Map(), stages: new Map(), head: 1 });
    const zero = Buffer.from([0]);
    const stream = core.openWatchStream(({ events }) => {
      if (events.length > 0) this.#see(events);
    });
    stream.receive({ create_request: { key: zero, range_end: zero } });
  }

  /** Who wrote a key last; undefined when etcd itself did. */
  lastAuthor(key: string): string | undefined {
    return this.#authors.get(key);
  }

  /** The keys under a prefix at a revision of an epoch, in order; undefined when the epoch never had that revision. */
  keysAt(epoch: number, prefix: string, revision: number): readonly string[] | undefined {
    const known = this.#epochs[epoch];
    if (known === undefined || revision > known.head) return undefined;
    const stages = known.stages.get(prefix) ?? [];
    for (let index = stages.length - 1; index >= 0; index -= 1) {
      const stage = stages[index];
      if (stage !== undefined && stage.revision <= revision) return stage.keys;
    }
    return [];
  }

  /** The keys under a prefix now. */
  keysNow(prefix: string): readonly string[] {
    return this.#present.stages.get(prefix)?.at(-1)?.keys ?? [];
  }

  /** The revision of the last change, made by then in the present epoch, of which keys lie under a prefix; 0 without one. */
  revisionBy(prefix: string, atMs: number): number {
    const earlier = this.#present.stages.get(prefix)?.filter((stage) => stage.atMs <= atMs);
    return earlier?.at(-1)?.revision ?? 0;
  }

  /** When it last changed which keys lie under a prefix. */
  changedAtMs(prefix: string): number {
    return this.#present.stages.get(prefix)?.at(-1)?.atMs ?? 0;
  }

  #see(events: readonly WatchEvent[]): void {
    const epoch = this.#present;
    for (const { type, kv } of events) {
      const key = kv.key.toString('latin1');
      const revision = Number(kv.mod_revision);
      const before = epoch.state.get(key);
      const after = type === 'Put' ? { value: kv.value.toString('latin1'), lease: kv.lease } : undefined;
      if (after === undefined) epoch.state.delete(key);
      else epoch.state.set(key, after);
      epoch.head = revision;
      this.changeCount += 1;
      if ((before === undefined) !== (after === undefined)) {
        stage(epoch, key, after !== undefined, { revision, atMs: this.#nowMs() });
      }
      this.#onSeen({ epoch: this.epoch, revision, key, author: this.author, before, after });
      this.#authors.set(key, this.author);
    }
  }
}

/** Notes which keys lie under a prefix from a revision on. */
function stage(epoch: Epoch, key: string, isThere: boolean, now: Omit<Stage, 'keys'>): void {
  const prefix = key.slice(0, key.lastIndexOf('/') + 1);
  const stages = epoch.stages.get(prefix) ?? [];
  epoch.stages.set(prefix, stages);
  const last = stages.at(-1);
  const others = (last?.keys ?? []).filter((known) => known !== key);
  const keys = isThere ? [...others, key].sort() : others;
  if (last?.revision === now.revision) stages[stages.length - 1] = { ...now, keys };
  else stages.push({ ...now, keys });
}
