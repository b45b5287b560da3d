/** Reads the chart off a machine itself: its states, what they ask for, and the moves between them. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { eventInWords } from '../../src/inspect/words.js';

/** One state as it is drawn. */
export interface ChartState {
  /** Dotted path from the machine's root; empty for the root. */
  readonly path: string;
  readonly name: string;
  readonly kind: AnyStateNode['type'];
  readonly description: string;
  readonly tags: readonly string[];
  /** The actors that run while the state is active. */
  readonly asks: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** The path of the state that is entered first; undefined for states without inner ones. */
  readonly initial: string | undefined;
  readonly states: readonly ChartState[];
  readonly moves: readonly ChartMove[];
}

/** One way out of a state, or one reaction in it. */
export interface ChartMove {
  readonly from: string;
  /** Where it leads; undefined when the machine reacts and stays. */
  readonly to: string | undefined;
  /** What happens, in words. */
  readonly trigger: string;
  /** The name of the guard, `otherwise` after guarded branches, or undefined. */
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  /** True for the branch that only a bug takes. */
  readonly isBug: boolean;
}

export function chartOf(machine: AnyStateMachine): ChartState {
  return stateOf(machine.root);
}

/** The state and all states inside it, outermost first. */
export function allStates(state: ChartState): readonly ChartState[] {
  return [state, ...state.states.flatMap(allStates)];
}

/** True if this state lies inside the other; everything lies inside the root. */
export function contains({ path }: ChartState, inner: string): boolean {
  return path === '' ? inner !== '' : inner.startsWith(`${path}.`);
}

function stateOf(node: AnyStateNode): ChartState {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  return {
    path: node.path.join('.'),
    name: node.key,
    kind: node.type,
    description: node.description ?? '',
    tags: node.tags,
    asks: node.invoke.map(({ id }) => id),
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    initial: node.type === 'compound' ? node.initial.target[0]?.path.join('.') : undefined,
    states: Object.values(node.states).map(stateOf),
    moves: transitions.map((transition) => moveOf(transition, transitions)),
  };
}

function moveOf(transition: AnyTransitionDefinition, all: readonly AnyTransitionDefinition[]): ChartMove {
  const { source, target, eventType, guard, actions } = transition;
  const isBranch = all.some((other) => other !== transition && other.eventType === eventType);
  return {
    from: source.path.join('.'),
    to: target?.[0]?.path.join('.'),
    trigger: eventInWords(eventType),
    guard: guard === undefined ? (isBranch ? 'otherwise' : undefined) : nameOf(guard),
    actions: namesOf(actions),
    isBug: eventType.startsWith('xstate.error.') && guard === undefined,
  };
}

/** What the author named; XState itself adds actions that start and cancel timers. */
function namesOf(actions: readonly unknown[]): readonly string[] {
  return actions.map(nameOf).filter((name) => !name.startsWith('xstate.'));
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  const { type } = named as { readonly type?: unknown };
  if (typeof type !== 'string') throw new TypeError('only what has a name can be drawn');
  return type;
}
