/** Reads the actors of a running registry: who there is, whose child, and in which state. Changes nothing. */
import type { AnyActorRef } from 'xstate';
import { pathOf } from '../state-changes.js';

/** One actor: a machine, the hub of the watchers, or a question to etcd that is under way. */
export interface InspectedActor {
  /** Unique within this process. */
  readonly id: string;
  /** The actor that started it; null for the registry itself. */
  readonly parentId: string | null;
  /** `registry`, `connection`, `lease`, `watchers`, `watcher`, or the name of the question, as `grantLease`. */
  readonly name: string;
  /** The machine it runs: a name of `leasehold/machines`; null for hubs and questions. */
  readonly machine: string | null;
  /** Which one, where there are several: the watched prefix. */
  readonly subject: string | null;
}

/** A snapshot of any logic, as far as all have it in common. */
export interface RawSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: unknown;
  readonly context?: unknown;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly tags?: ReadonlySet<string>;
  readonly children?: Readonly<Record<string, AnyActorRef | undefined>>;
}

/** Everything that runs under this actor, itself first, parents before children. */
export function* actorsUnder(root: AnyActorRef): Iterable<AnyActorRef> {
  const waiting: AnyActorRef[] = [root];
  for (let actor = waiting.pop(); actor !== undefined; actor = waiting.pop()) {
    yield actor;
    waiting.push(...childrenOf(actor).reverse());
  }
}

export function snapshotOf(actor: AnyActorRef): RawSnapshot {
  return actor.getSnapshot() as RawSnapshot;
}

export function describeActor(actor: AnyActorRef, snapshot: RawSnapshot): InspectedActor {
  const machine = machineOf(actor);
  const { prefix } = (snapshot.context ?? {}) as { readonly prefix?: unknown };
  return {
    id: actor.sessionId,
    parentId: parentOf(actor)?.sessionId ?? null,
    name: machine ?? actor.id,
    machine,
    subject: machine !== null && typeof prefix === 'string' ? prefix : null,
  };
}

/** The machine's configuration, as it was written; undefined for what is no machine. */
export function configOf(actor: AnyActorRef): { readonly id?: string } | undefined {
  return (actor as { readonly logic?: { readonly config?: { readonly id?: string } } }).logic?.config;
}

/** The state as a dotted path; null for what has no states. */
export function stateOf(snapshot: RawSnapshot): string | null {
  return snapshot.value === undefined ? null : pathOf(snapshot.value);
}

function machineOf(actor: AnyActorRef): string | null {
  const config = configOf(actor);
  return typeof config?.id === 'string' ? config.id : null;
}

function parentOf(actor: AnyActorRef): AnyActorRef | undefined {
  return (actor as { readonly _parent?: AnyActorRef })._parent;
}

/** The hub keeps its watchers in its context; see machines/watcher-hub.ts. */
function childrenOf(actor: AnyActorRef): AnyActorRef[] {
  const { children, context } = snapshotOf(actor);
  const { watched } = (context ?? {}) as { readonly watched?: unknown };
  const watchers =
    watched instanceof Map
      ? [...(watched as Map<string, { ref: AnyActorRef }>).values()].map(({ ref }) => ref)
      : [];
  return [...Object.values(children ?? {}), ...watchers].filter((child) => child !== undefined);
}
