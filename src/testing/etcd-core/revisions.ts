/**
 * The multi-version store: every key with its past, the changes of every revision, and compaction. It knows nothing of
 * requests, leases' time or watchers; {@link Revisions.write} tells who listens what a revision changed.
 */
import type { KeySpan } from './bytes.js';
import { refusal } from './refusal.js';

/** One state of one key. A deletion is a state too; it has neither value nor versions. */
export interface KeyState {
  readonly key: string;
  readonly value: Buffer;
  readonly lease: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly deleted: boolean;
}

/** What a write may do; all of it happens at one revision. */
export interface WriteTxn {
  /** The revision this write has if it changes something, and that reads inside it see. */
  readonly revision: number;
  readonly changes: readonly KeyState[];
  put(key: string, value: Buffer, lease: string): KeyState;
  /** Deletes the keys and answers their last states, in key order. */
  delete(span: KeySpan): KeyState[];
}

/** Told of every state a write makes, before the write is over. `previous` is undefined when the key did not exist. */
export type OnChange = (state: KeyState, previous: KeyState | undefined) => void;

const noValue = Buffer.alloc(0);

export class Revisions {
  #keys: string[] = [];
  readonly #pasts = new Map<string, KeyState[]>();
  /** The changes of each revision from {@link #logFrom} on. */
  #log: KeyState[][] = [];
  #logFrom = 2;
  #head = 1;
  #compacted = -1;
  readonly #onChange: OnChange;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
  }

  /** The revision of the last write. An empty store is at 1. */
  get head(): number {
    return this.#head;
  }

  /** The revision of the last compaction, -1 before the first. Reads below it are refused. */
  get compacted(): number {
    return this.#compacted;
  }

  /** The keys of the span that existed at the revision (now, if not given), in key order. */
  read(span: KeySpan, revision?: number): KeyState[] {
    const at = revision ?? Number.POSITIVE_INFINITY;
    const states: KeyState[] = [];
    for (let i = this.#indexOf(span.from); i < this.#keys.length; i++) {
      const key = this.#keys[i] as string;
      if (span.until !== null && key >= span.until) break;
      const state = this.#stateAt(key, at);
      if (state) states.push(state);
    }
    return states;
  }

  /** One key as of a revision; undefined when it did not exist. */
  stateOf(key: string, revision: number = Number.POSITIVE_INFINITY): KeyState | undefined {
    return this.#stateAt(key, revision);
  }

  /** The changes of one revision; those at a compacted revision are only what compaction left of it. */
  changesAt(revision: number): readonly KeyState[] {
    return this.#log[revision - this.#logFrom] ?? [];
  }

  /** Runs a write. If it changes something, the head moves on by one. */
  write<Result>(body: (txn: WriteTxn) => Result): { readonly result: Result; readonly changes: KeyState[] } {
    const changes: KeyState[] = [];
    const revision = this.#head + 1;
    const record = (state: KeyState, previous: KeyState | undefined): KeyState => {
      this.#append(state);
      changes.push(state);
      this.#onChange(state, previous);
      return state;
    };
    const result = body({
      revision,
      changes,
      put: (key, value, lease) => {
        const previous = this.#stateAt(key, revision);
        const createRevision = previous?.createRevision ?? revision;
        const version = (previous?.version ?? 0) + 1;
        const made = { key, value, lease, createRevision, modRevision: revision, version, deleted: false };
        return record(made, previous);
      },
      delete: (span) => {
        const last = this.read(span, revision);
        for (const previous of last) record(tombstone(previous.key, revision), previous);
        return last;
      },
    });
    if (changes.length > 0) {
      this.#log.push(changes);
      this.#head = revision;
    }
    return { result, changes };
  }

  /** Forgets what no read at or after the revision can see. */
  compact(revision: number): void {
    if (revision <= this.#compacted) throw refusal('compacted');
    if (revision > this.#head) throw refusal('futureRevision');
    this.#compacted = revision;
    this.#keys = this.#keys.filter((key) => this.#forget(key, revision));
    this.#log = this.#log.slice(Math.max(0, revision - this.#logFrom));
    this.#logFrom = Math.max(this.#logFrom, revision);
    if (this.#log.length > 0 && this.#logFrom === revision) {
      this.#log[0] = this.changesAt(revision).filter((state) => !state.deleted);
    }
  }

  /** As new: no key, no past, revision 1. */
  clear(): void {
    this.#keys = [];
    this.#pasts.clear();
    this.#log = [];
    this.#logFrom = 2;
    this.#head = 1;
    this.#compacted = -1;
  }

  #stateAt(key: string, revision: number): KeyState | undefined {
    const past = this.#pasts.get(key);
    const state = past?.[newestUpTo(past, revision)];
    return state && !state.deleted ? state : undefined;
  }

  #append(state: KeyState): void {
    const past = this.#pasts.get(state.key);
    if (past) {
      past.push(state);
      return;
    }
    this.#pasts.set(state.key, [state]);
    this.#keys.splice(this.#indexOf(state.key), 0, state.key);
  }

  /** Drops what is older than the last state at the revision, and that too if it is a deletion. False: nothing is left. */
  #forget(key: string, revision: number): boolean {
    const past = this.#pasts.get(key) ?? [];
    const last = newestUpTo(past, revision);
    const kept = past.slice(past[last]?.deleted ? last + 1 : Math.max(last, 0));
    if (kept.length === 0) this.#pasts.delete(key);
    else this.#pasts.set(key, kept);
    return kept.length > 0;
  }

  /** Where the key is, or would be, among the ordered keys. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The index of the newest state not younger than the revision, -1 when all are younger. */
function newestUpTo(past: readonly KeyState[], revision: number): number {
  let index = past.length - 1;
  while (index >= 0 && (past[index] as KeyState).modRevision > revision) index--;
  return index;
}

function tombstone(key: string, revision: number): KeyState {
  return {
    key,
    value: noValue,
    lease: '0',
    createRevision: 0,
    modRevision: revision,
    version: 0,
    deleted: true,
  };
}
