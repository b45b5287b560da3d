/** What the proofs over machine graphs share: reading moves, and the claims that hold for every machine. */
import { expect } from 'vitest';
import {
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type StateValue,
  transition,
} from 'xstate';
import type { GraphState, MachineGraph, Move } from '../../src/testing/index.js';
import type { Walked } from './live.js';

/** A move as a failed claim names it. */
export function nameOf<TMachine extends AnyStateMachine>({ from, event }: Move<TMachine>): string {
  return `${from.key} on ${JSON.stringify(event)}`;
}

/** What the machine emits on this move. */
export function newsOf<TMachine extends AnyStateMachine>(
  graph: MachineGraph<TMachine>,
  move: Move<TMachine>,
): readonly AnyEventObject[] {
  return graph
    .effectsOf(move)
    .filter(({ type }) => type === 'xstate.emit')
    .map(({ params }) => (params as unknown as { readonly event: AnyEventObject }).event);
}

/** The actors that the machine starts on this move, with their input. */
export function asksOf<TMachine extends AnyStateMachine>({
  from,
  snapshot,
}: Move<TMachine>): readonly { readonly id: string; readonly input: unknown }[] {
  const before = childrenOf(from.snapshot);
  return Object.entries(childrenOf(snapshot)).flatMap(([id, child]) => {
    if (child === undefined || before[id] === child) return [];
    const { input } = child.getSnapshot() as { readonly input: unknown };
    return [{ id, input }];
  });
}

function childrenOf(snapshot: unknown): Readonly<Record<string, AnyActorRef | undefined>> {
  return (snapshot as AnyMachineSnapshot).children;
}

/** The ids of the actors that run in this state. */
export function runningIn<TMachine extends AnyStateMachine>({
  snapshot,
}: GraphState<TMachine>): readonly string[] {
  return Object.keys(childrenOf(snapshot));
}

/** True once the machine has reached a final state. */
export function hasEnded<TMachine extends AnyStateMachine>({ snapshot }: GraphState<TMachine>): boolean {
  return (snapshot as AnyMachineSnapshot).status !== 'active';
}

/**
 * Nothing that can happen breaks the machine, and the graph leaves out nothing that matters: of a large graph, only
 * every so many moves are looked at for that.
 */
export function expectSound<TMachine extends AnyStateMachine>(
  graph: MachineGraph<TMachine>,
  every = 1,
): void {
  const broken = graph.states.filter(({ snapshot }) => (snapshot as AnyMachineSnapshot).status === 'error');
  expect(broken.map((state) => graph.pathTo(state).map(nameOf))).toEqual([]);
  const some = graph.moves.filter((_, index) => index % every === 0);
  expect(graph.blurred(some).map(nameOf)).toEqual([]);
  for (const move of some) expectPure(move);
}

/** The same state and event give the same state and effects, and leave the state they started from as it was. */
function expectPure<TMachine extends AnyStateMachine>(move: Move<TMachine>): void {
  const from = move.from.snapshot as AnyMachineSnapshot;
  const before = JSON.stringify(from.context);
  const [first, second] = [1, 2].map(() => {
    const [next, effects] = transition(from.machine, from, move.event);
    return JSON.stringify([
      next.status,
      next.value,
      next.context,
      effects.map(({ type, params }) => [type, params]),
    ]);
  });
  expect(second, nameOf(move)).toBe(first);
  expect(JSON.stringify(from.context), nameOf(move)).toBe(before);
}

/** The paths of the machine's states that the graph never comes to rest in. */
export function unreachedStates<TMachine extends AnyStateMachine>(
  machine: TMachine,
  graph: MachineGraph<TMachine>,
): readonly string[] {
  const reached = new Set(
    graph.states.flatMap(({ snapshot }) => pathsIn((snapshot as AnyMachineSnapshot).value)),
  );
  const all = (node: AnyStateNode): readonly AnyStateNode[] => [
    node,
    ...Object.values(node.states).flatMap(all),
  ];
  const paths = all(machine.root).map(({ path }) => path.join('.'));
  return paths.filter((path) => path !== '' && !reached.has(path));
}

function pathsIn(value: StateValue): readonly string[] {
  if (typeof value === 'string') return [value];
  return Object.entries(value).flatMap(([state, inner]) => [
    state,
    ...pathsIn(inner ?? {}).map((path) => `${state}.${path}`),
  ]);
}

/** The states, other than ended ones, from which `goal` is out of reach. */
export function strandedLive<TMachine extends AnyStateMachine>(
  graph: MachineGraph<TMachine>,
  goal: (state: GraphState<TMachine>) => boolean,
  along?: (move: Move<TMachine>) => boolean,
): readonly string[] {
  return graph
    .stranded(goal, along)
    .filter((state) => !hasEnded(state))
    .map(({ key }) => key);
}

/** One line about the size of a proof. */
export function tellSize<TMachine extends AnyStateMachine>(
  name: string,
  graph: MachineGraph<TMachine>,
  walked: Walked,
): void {
  console.log(
    `${name}: ${graph.states.length} states, ${graph.moves.length} moves; ` +
      `${walked.paths} paths of ${walked.steps} steps walked on live actors`,
  );
}
