/**
 * A machine as a graph: every state it can be in, every event that moves it on, and the shortest way there. For claims
 * about all of a machine ("it can always be closed", "it never asks twice") where examples would prove too little.
 * Nothing runs: answers and timers are events like any other.
 */
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFromLogic,
  type EventObject,
  type ExecutableActionObject,
  getNextTransitions,
  type InputFrom,
  type SnapshotFrom,
  transition,
} from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

/** An event with whatever it carries. */
type Sample = EventObject | AnyEventObject;

/** What may happen to the machine, and when two of its snapshots count as the same state. */
export interface Exploration<TMachine extends AnyStateMachine> {
  readonly input?: InputFrom<TMachine>;
  /**
   * Events with what they carry: one for each way in which the machine can take them, answers of its actors
   * (`xstate.done.actor.<id>`, `xstate.error.actor.<id>`) included. A function can make them fit the snapshot.
   * An event that the machine waits for and that has no sample, as a timer's, is sent bare.
   */
  readonly samples?: readonly Sample[] | ((snapshot: SnapshotFrom<TMachine>) => readonly Sample[]);
  /** Types of events that are not sent bare: those that only the machine itself raises, or that cannot happen. */
  readonly unsent?: readonly string[];
  /**
   * What tells two snapshots in the same state apart, as plain JSON: whatever guards and your claims read, counters
   * clipped. Too much, and the graph has no end; too little, and it misses states, which `blurred` finds.
   *
   * @defaultValue nothing but the status and the state value
   */
  readonly abstract?: (snapshot: SnapshotFrom<TMachine>) => unknown;
  /**
   * How many moves are followed before the exploration throws.
   *
   * @defaultValue 10000
   */
  readonly limit?: number;
}

/** One state of the graph, with the first snapshot found of those it stands for. */
export interface GraphState<TMachine extends AnyStateMachine> {
  /** Status, state value and abstraction as JSON; unique in the graph. */
  readonly key: string;
  readonly snapshot: SnapshotFrom<TMachine>;
  /** Everything that can happen here; empty once the machine has ended. */
  readonly moves: readonly Move<TMachine>[];
}

/** One event that a state reacts to, and where it leads. */
export interface Move<TMachine extends AnyStateMachine> {
  readonly from: GraphState<TMachine>;
  readonly event: EventObject;
  readonly to: GraphState<TMachine>;
  /** Where this very move leads; `to.snapshot` may be another one that counts as the same. */
  readonly snapshot: SnapshotFrom<TMachine>;
}

/** All that {@link exploreMachine} found. */
export interface MachineGraph<TMachine extends AnyStateMachine> {
  readonly initial: GraphState<TMachine>;
  /** In the order of discovery, nearest first. */
  readonly states: readonly GraphState<TMachine>[];
  readonly moves: readonly Move<TMachine>[];
  /** The state that stands for a snapshot, say of a live actor; undefined when the graph has none. */
  find(snapshot: SnapshotFrom<TMachine>): GraphState<TMachine> | undefined;
  /** A shortest way from the start; empty for the initial state. */
  pathTo(state: GraphState<TMachine>): readonly Move<TMachine>[];
  /** What the machine asks for on this move: actors started and stopped, messages, timers, emitted events. */
  effectsOf(move: Move<TMachine>): readonly ExecutableActionObject[];
  /**
   * The states from which no state that `goal` accepts can be reached, whatever happens; or, with `along`, if nothing
   * happens but the moves it accepts.
   */
  stranded(
    goal: (state: GraphState<TMachine>) => boolean,
    along?: (move: Move<TMachine>) => boolean,
  ): readonly GraphState<TMachine>[];
  /**
   * The moves after which the next event leads elsewhere than the graph says, because the abstraction leaves out
   * something that matters. Looks one event ahead, at the cost of a transition for each event after each move; of a
   * large graph, pass only some of the moves.
   */
  blurred(moves?: readonly Move<TMachine>[]): readonly Move<TMachine>[];
}

/**
 * Follows every event from every state until nothing new is found. Throws when `limit` is exceeded, which mostly means
 * that `abstract` keeps a counter. A whole use is in examples/every-state.ts.
 */
export function exploreMachine<TMachine extends AnyStateMachine>(
  machine: TMachine,
  exploration: Exploration<TMachine> = {},
): MachineGraph<TMachine> {
  const found = adjacencyOf(machine, exploration);
  const states = new Map<string, Draft<TMachine>>();
  for (const [key, { state }] of Object.entries(found)) states.set(key, { key, snapshot: state, moves: [] });
  for (const from of states.values()) {
    for (const { event, state: snapshot } of Object.values(found[from.key]?.transitions ?? {})) {
      const to = states.get(keyOf(snapshot, exploration));
      if (to !== undefined) from.moves.push({ from, event, to, snapshot });
    }
  }
  return graphOf(machine, exploration, [...states.values()]);
}

interface Draft<TMachine extends AnyStateMachine> extends GraphState<TMachine> {
  readonly moves: Move<TMachine>[];
}

interface Step<TMachine extends AnyStateMachine> {
  readonly event: EventObject;
  readonly state: SnapshotFrom<TMachine>;
}

type Adjacency<TMachine extends AnyStateMachine> = Readonly<
  Record<
    string,
    { readonly state: SnapshotFrom<TMachine>; readonly transitions: Readonly<Record<string, Step<TMachine>>> }
  >
>;

function adjacencyOf<TMachine extends AnyStateMachine>(
  machine: TMachine,
  exploration: Exploration<TMachine>,
): Adjacency<TMachine> {
  const logic: AnyStateMachine = machine;
  return getAdjacencyMap<AnyMachineSnapshot, EventObject, unknown>(logic, {
    input: exploration.input,
    limit: exploration.limit ?? 10_000,
    serializeState: (snapshot) => keyOf(snapshot as SnapshotFrom<TMachine>, exploration),
    events: (snapshot) => eventsOf(snapshot as SnapshotFrom<TMachine>, exploration),
    stopWhen: (snapshot) => snapshot.status !== 'active',
  }) as unknown as Adjacency<TMachine>;
}

function keyOf<TMachine extends AnyStateMachine>(
  snapshot: SnapshotFrom<TMachine>,
  { abstract }: Exploration<TMachine>,
): string {
  const { status, value }: AnyMachineSnapshot = snapshot;
  return JSON.stringify(abstract === undefined ? [status, value] : [status, value, abstract(snapshot)]);
}

/** The samples that the snapshot reacts to, and the bare events that it waits for beside them. */
function eventsOf<TMachine extends AnyStateMachine>(
  snapshot: SnapshotFrom<TMachine>,
  { samples = [], unsent = [] }: Exploration<TMachine>,
): readonly EventObject[] {
  const active: AnyMachineSnapshot = snapshot;
  const sampled: readonly Sample[] = typeof samples === 'function' ? samples(snapshot) : samples;
  const awaited = new Set(getNextTransitions(active).map(({ eventType }) => eventType));
  for (const type of [...unsent, ...sampled.map((sample) => sample.type)]) awaited.delete(type);
  const bare = [...awaited].filter((type) => type !== '' && !type.endsWith('*')).map((type) => ({ type }));
  return [...sampled, ...bare].filter((event) => active.can(event));
}

function graphOf<TMachine extends AnyStateMachine>(
  machine: TMachine,
  exploration: Exploration<TMachine>,
  states: readonly GraphState<TMachine>[],
): MachineGraph<TMachine> {
  const [initial] = states;
  if (initial === undefined) throw new TypeError('the machine has no initial state');
  const moves = states.flatMap((state) => state.moves);
  const arrivals = firstArrivals(states);
  const effects = new Map<Move<TMachine>, readonly ExecutableActionObject[]>();
  const effectsOf = (move: Move<TMachine>): readonly ExecutableActionObject[] => {
    const known = effects.get(move);
    if (known !== undefined) return known;
    const [, asked] = transition(machine, move.from.snapshot, move.event as EventFromLogic<TMachine>);
    effects.set(move, asked);
    return asked;
  };
  const byKey = new Map(states.map((state) => [state.key, state]));
  return {
    initial,
    states,
    moves,
    find: (snapshot) => byKey.get(keyOf(snapshot, exploration)),
    pathTo: (state) => pathThrough(arrivals, state),
    effectsOf,
    stranded: (goal, along) => strandedIn(states, along === undefined ? moves : moves.filter(along), goal),
    blurred: (some = moves) => some.filter((move) => isBlurred(machine, exploration, move)),
  };
}

type Arrivals<TMachine extends AnyStateMachine> = ReadonlyMap<GraphState<TMachine>, Move<TMachine>>;

/** The move by which each state is first reached; states are in order of discovery, so the ways are shortest. */
function firstArrivals<TMachine extends AnyStateMachine>(
  states: readonly GraphState<TMachine>[],
): Arrivals<TMachine> {
  const arrivals = new Map<GraphState<TMachine>, Move<TMachine>>();
  for (const state of states) {
    for (const move of state.moves) {
      if (move.to !== states[0] && !arrivals.has(move.to)) arrivals.set(move.to, move);
    }
  }
  return arrivals;
}

function pathThrough<TMachine extends AnyStateMachine>(
  arrivals: Arrivals<TMachine>,
  state: GraphState<TMachine>,
): readonly Move<TMachine>[] {
  const path: Move<TMachine>[] = [];
  for (let move = arrivals.get(state); move !== undefined; move = arrivals.get(move.from)) path.unshift(move);
  return path;
}

function strandedIn<TMachine extends AnyStateMachine>(
  states: readonly GraphState<TMachine>[],
  moves: readonly Move<TMachine>[],
  goal: (state: GraphState<TMachine>) => boolean,
): readonly GraphState<TMachine>[] {
  const saved = new Set(states.filter(goal));
  for (let before = -1; before !== saved.size; ) {
    before = saved.size;
    for (const { from, to } of moves) if (saved.has(to)) saved.add(from);
  }
  return states.filter((state) => !saved.has(state));
}

function isBlurred<TMachine extends AnyStateMachine>(
  machine: TMachine,
  exploration: Exploration<TMachine>,
  move: Move<TMachine>,
): boolean {
  if (move.snapshot === move.to.snapshot || (move.snapshot as AnyMachineSnapshot).status !== 'active')
    return false;
  const next = (event: EventObject): string => {
    const [snapshot] = transition(machine, move.snapshot, event as EventFromLogic<TMachine>);
    return `${event.type} ${keyOf(snapshot as SnapshotFrom<TMachine>, exploration)}`;
  };
  const actual = eventsOf(move.snapshot, exploration).map(next).sort();
  const drawn = move.to.moves.map(({ event, to }) => `${event.type} ${to.key}`).sort();
  return actual.join('\n') !== drawn.join('\n');
}
