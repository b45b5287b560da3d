/** Turns the machines' inspection events into one plain event per state change. Costs nothing until somebody listens. */
import type { AnyActorRef, InspectionEvent } from 'xstate';

/** One machine moved from one state to another. */
export interface StateChange {
  /** `connection`, `lease`, `registry`, or `watcher`. */
  readonly machine: string;
  /** Which one, where there are several: the watched prefix. */
  readonly subject: string | undefined;
  /** Undefined for the first state seen. */
  readonly from: string | undefined;
  /** Dotted path; regions of a parallel machine are joined by ` & `. */
  readonly to: string;
  /** The type of the event that caused it. */
  readonly event: string;
}

/** Reports state changes of every machine in the actor's system until the returned function is called. */
export function observeStates(root: AnyActorRef, listener: (change: StateChange) => void): () => void {
  const known = new WeakMap<AnyActorRef, string>();
  const observe = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { actorRef, snapshot, event } = inspected;
    const machine = machineOf(actorRef as AnyActorRef);
    if (machine === undefined || !('value' in snapshot)) return;
    const to = pathOf(snapshot.value);
    const from = known.get(actorRef as AnyActorRef);
    known.set(actorRef as AnyActorRef, to);
    if (from !== to) listener({ machine, subject: subjectOf(snapshot), from, to, event: event.type });
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

function machineOf(actorRef: AnyActorRef): string | undefined {
  const logic = actorRef.logic as { readonly config?: { readonly id?: string } } | undefined;
  return logic?.config?.id;
}

function subjectOf(snapshot: object): string | undefined {
  const context = (snapshot as { readonly context?: { readonly prefix?: string } }).context;
  return context?.prefix;
}
