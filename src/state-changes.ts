/** Turns the machines' inspection events into one plain event per state change. Costs nothing until somebody listens. */
import type { AnyActorRef, InspectionEvent } from 'xstate';

/** One machine moved from one state to another. */
export interface StateChange {
  /** `connection`, `lease`, `watcher`; for a machine of several regions with the region, as in `registry.publishing`. */
  readonly machine: string;
  /** Which one, where there are several: the watched prefix. */
  readonly subject: string | undefined;
  /** Undefined for the first state seen. */
  readonly from: string | undefined;
  /** Dotted path; regions inside a state are joined by ` & `. */
  readonly to: string;
  /** The type of the event that caused it. */
  readonly event: string;
}

/** Reports state changes of every machine in the actor's system until the returned function is called. */
export function observeStates(root: AnyActorRef, listener: (change: StateChange) => void): () => void {
  const known = new WeakMap<AnyActorRef, ReadonlyMap<string, string>>();
  const observe = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { snapshot, event } = inspected;
    const actorRef = inspected.actorRef as AnyActorRef;
    const machine = machineOf(actorRef);
    if (machine === undefined || !('value' in snapshot)) return;
    const states = regionsOf(machine, snapshot.value);
    const before = known.get(actorRef);
    known.set(actorRef, states);
    for (const [name, to] of states) {
      const from = before?.get(name);
      if (from !== to) listener({ machine: name, subject: subjectOf(snapshot), from, to, event: event.type });
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

function subjectOf(snapshot: object): string | undefined {
  const context = (snapshot as { readonly context?: { readonly prefix?: string } }).context;
  return context?.prefix;
}
