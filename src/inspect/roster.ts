/** One row for each actor of a registry, kept equal to the actors by looking at them now and then. */
import type { AnyActorRef } from 'xstate';
import type { Inspected } from '../inspected.js';
import type { Secrets } from '../secrets.js';
import { actorsUnder, describeActor, type RawSnapshot, snapshotOf, stateOf } from './actors.js';
import type { ActorDetail, ActorRow } from './page/protocol.js';
import { plainOf } from './plain.js';

interface Entry {
  readonly actor: AnyActorRef;
  readonly snapshot: RawSnapshot;
  readonly row: ActorRow;
}

export interface RosterChanges {
  readonly rows: readonly ActorRow[];
  readonly gone: readonly string[];
}

export class Roster {
  readonly #inspected: Inspected;
  readonly #registry: number;
  readonly #secrets: Secrets;
  readonly #entries = new Map<string, Entry>();

  constructor(inspected: Inspected, registry: number, secrets: Secrets) {
    this.#inspected = inspected;
    this.#registry = registry;
    this.#secrets = secrets;
  }

  /** What is otherwise than at the last look. */
  look(): RosterChanges {
    const rows: ActorRow[] = [];
    const present = new Set<string>();
    for (const actor of actorsUnder(this.#inspected.root)) {
      const snapshot = snapshotOf(actor);
      present.add(actor.sessionId);
      const known = this.#entries.get(actor.sessionId);
      if (known?.snapshot === snapshot) continue;
      const row = this.#rowOf(actor, snapshot);
      this.#entries.set(row.id, { actor, snapshot, row });
      if (known === undefined || !isSameRow(known.row, row)) rows.push(row);
    }
    const gone = [...this.#entries.keys()].filter((id) => !present.has(id));
    for (const id of gone) this.#entries.delete(id);
    return { rows, gone };
  }

  /** All rows as of the last look, parents first. */
  rows(): readonly ActorRow[] {
    return [...this.#entries.values()].map(({ row }) => row);
  }

  detail(id: string): ActorDetail | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const snapshot = snapshotOf(entry.actor);
    const plain = (value: unknown): unknown => plainOf(value, this.#secrets);
    return {
      row: this.#rowOf(entry.actor, snapshot),
      context: plain(snapshot.context),
      input: plain(snapshot.input),
      output: plain(snapshot.output),
      error: plain(snapshot.error),
    };
  }

  #rowOf(actor: AnyActorRef, snapshot: RawSnapshot): ActorRow {
    const described = describeActor(actor, snapshot);
    return {
      ...described,
      subject: described.subject === null ? null : this.#secrets.withoutSecrets(described.subject),
      registry: this.#registry,
      status: snapshot.status,
      state: stateOf(snapshot),
      tags: [...(snapshot.tags ?? [])],
    };
  }
}

/** Many events change the context and nothing that the tree shows. */
function isSameRow(one: ActorRow, other: ActorRow): boolean {
  return one.state === other.state && one.status === other.status && one.tags.join() === other.tags.join();
}
