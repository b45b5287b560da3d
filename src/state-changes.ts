/** Turns the machines' inspection events into one plain event per state change. Costs nothing until somebody listens. */
import type { AnyActorRef, InspectionEvent } from 'xstate';

/** One machine moved from one state to another. */
export interface StateChange {
  /** `connection`, `lease`, `watcher`; for a machine of several regions with the region, as in `registry.publishing`. */
  readonly machine: string;
  /** Which one, where there are several: the watched prefix. */
  readonly subject: string | undefined;
  /** Undefined for the first state of a machine that has just begun. */
  readonly from: string | undefined;
  /** Dotted path; regions inside a state are joined by ` & `. */
  readonly to: string;
  /** The type of the event that caused it. */
  readonly event: string;
  /** Why, for people: what went wrong, if that is why, else what happened. */
  readonly reason: string;
}

/** What was seen of an actor last. */
interface Seen {
  readonly states: ReadonlyMap<string, string>;
  readonly lastError: unknown;
}

/** Reports state changes of every machine in the actor's system from now on, until the returned function is called. */
export function observeStates(root: AnyActorRef, listener: (change: StateChange) => void): () => void {
  const known = new WeakMap<AnyActorRef, Seen>();
  for (const actorRef of actorsBelow(root)) {
    const seen = seenOf(actorRef, actorRef.getSnapshot() as object);
    if (seen !== undefined) known.set(actorRef, seen);
  }
  const observe = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { snapshot, event } = inspected;
    const actorRef = inspected.actorRef as AnyActorRef;
    const seen = seenOf(actorRef, snapshot);
    if (seen === undefined) return;
    const before = known.get(actorRef);
    known.set(actorRef, seen);
    for (const [machine, to] of seen.states) {
      const from = before?.states.get(machine);
      if (from === to) continue;
      const error = seen.lastError === before?.lastError ? undefined : seen.lastError;
      const reason = reasonOf(event, error);
      listener({ machine, subject: contextOf(snapshot)?.prefix, from, to, event: event.type, reason });
    }
  };
  const subscription = root.system.inspect(observe);
  return () => subscription.unsubscribe();
}

/** A state value as text. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([state, inner]) => (pathOf(inner) === '' ? state : `${state}.${pathOf(inner)}`))
    .join(' & ');
}

/** The actor and all that it has started; the supervisor of watchers keeps its own in its context. */
function* actorsBelow(actorRef: AnyActorRef): Iterable<AnyActorRef> {
  yield actorRef;
  const snapshot = actorRef.getSnapshot() as { readonly children?: Readonly<Record<string, AnyActorRef>> };
  for (const child of Object.values(snapshot.children ?? {})) yield* actorsBelow(child);
  for (const { ref } of contextOf(snapshot)?.watched?.values() ?? []) yield* actorsBelow(ref);
}

/** Undefined for what is no machine. */
function seenOf(actorRef: AnyActorRef, snapshot: object): Seen | undefined {
  const machine = machineOf(actorRef);
  if (machine === undefined || !('value' in snapshot)) return undefined;
  return { states: regionsOf(machine, snapshot.value), lastError: contextOf(snapshot)?.lastError };
}

/** The state of each region of a parallel machine, or the one state of another. */
function regionsOf(machine: string, value: unknown): ReadonlyMap<string, string> {
  const regions = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (regions.length < 2) return new Map([[machine, pathOf(value)]]);
  return new Map(regions.map(([region, inner]) => [`${machine}.${region}`, pathOf(inner)]));
}

function machineOf(actorRef: AnyActorRef): string | undefined {
  const { logic } = actorRef as { readonly logic?: { readonly config?: { readonly id?: string } } };
  return logic?.config?.id;
}

interface KnownContext {
  readonly prefix?: string;
  readonly lastError?: unknown;
  readonly watched?: ReadonlyMap<string, { readonly ref: AnyActorRef }>;
}

function contextOf(snapshot: object): KnownContext | undefined {
  return (snapshot as { readonly context?: KnownContext }).context;
}

/** What the event says went wrong; else what the machine has just noted to be wrong; else what the event was. */
function reasonOf(event: { readonly type: string }, lastError: unknown): string {
  const { failure, error, output, outcome, reason } = event as Readonly<Record<string, unknown>>;
  const inAnswer = ((output ?? outcome) as { readonly failure?: unknown } | null | undefined)?.failure;
  const found = messageOf(failure) ?? messageOf(error) ?? messageOf(inAnswer) ?? messageOf(lastError);
  if (found !== undefined) return found;
  if (typeof reason === 'string') return reason;
  const [, kind, subject = ''] =
    /^xstate\.(?:(?:done|error)\.)?(init|after|actor|state)\.?([^.]*)/.exec(event.type) ?? [];
  switch (kind) {
    case 'init':
      return 'it was started';
    case 'after':
      return `${subject} has passed`;
    case 'actor':
      return `${subject} was answered`;
    default:
      return event.type;
  }
}

function messageOf(value: unknown): string | undefined {
  const message = (value as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : undefined;
}
