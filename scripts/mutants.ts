/**
 * Broken copies of a machine, each with one thing wrong: a transition, guard, action, invoke, tag or end left out or
 * turned round, or a delay that takes no time. Made from the machine's own configuration, in memory.
 */
import { type AnyStateMachine, createMachine, not } from 'xstate';
import {
  cloned,
  type Invoke,
  listOf,
  nameOf,
  pathsIn,
  type State,
  stateAt,
  type Transition,
  type Transitions,
  without,
} from './machine-config.js';

export interface Mutant {
  /** What is wrong with it, and where. */
  readonly name: string;
  readonly machine: AnyStateMachine;
}

/** Every mutant of a machine. */
export function mutantsOf(machine: AnyStateMachine): readonly Mutant[] {
  const broken = breaksOf(machine).map(({ name, apply }) => {
    const config = cloned(machine.config) as State;
    apply(config);
    return { name, machine: createMachine(config as never, machine.implementations as never) };
  });
  const hasty = Object.keys(machine.implementations.delays).map((delay) => ({
    name: `${delay} takes no time`,
    machine: machine.provide({ delays: { [delay]: 0 } } as never),
  }));
  return [...broken, ...hasty];
}

interface Break {
  readonly name: string;
  readonly apply: (config: State) => void;
}

/** Where a list of transitions hangs. */
interface Place {
  readonly name: string;
  readonly read: (config: State) => Transitions | undefined;
  readonly write: (config: State, transitions: Transition[] | undefined) => void;
}

function breaksOf(machine: AnyStateMachine): readonly Break[] {
  const root = machine.config as State;
  return [...pathsIn(root)].flatMap((path) => {
    const state = stateAt(root, path);
    const name = [machine.id, ...path].join('.');
    return [
      ...placesIn(state, path, name).flatMap((place) => breaksOfTransitions(root, place, path)),
      ...breaksOfState(state, path, name),
    ];
  });
}

function breaksOfState(state: State, path: readonly string[], name: string): readonly Break[] {
  const inState = (what: string, edit: (state: State) => void): Break => ({
    name: `${name}: ${what}`,
    apply: (config) => edit(stateAt(config, path)),
  });
  const sides = (['entry', 'exit'] as const).flatMap((side) =>
    listOf(state[side]).map((action, index) =>
      inState(`${side} does not ${nameOf(action)}`, (copy) => {
        copy[side] = without(listOf(copy[side]), index);
      }),
    ),
  );
  const invokes = listOf(state.invoke).map(({ id }, index) =>
    inState(`${id} is not invoked`, (copy) => {
      copy.invoke = without(listOf(copy.invoke), index);
    }),
  );
  const tags = (state.tags ?? []).map((tag, index) =>
    inState(`is not tagged ${tag}`, (copy) => {
      copy.tags = without(copy.tags ?? [], index);
    }),
  );
  return [...sides, ...invokes, ...tags, ...breaksOfEnds(state, inState)];
}

/** Where a state begins, and whether it is an end. */
function breaksOfEnds(
  state: State,
  inState: (what: string, edit: (state: State) => void) => Break,
): readonly Break[] {
  const other = Object.keys(state.states ?? {}).find((child) => child !== state.initial);
  const beginning =
    state.initial === undefined || other === undefined
      ? []
      : [
          inState(`begins in ${other}`, (copy) => {
            copy.initial = other;
          }),
        ];
  const ending =
    state.type === 'final'
      ? [
          inState('is not an end', (copy) => {
            delete copy.type;
          }),
        ]
      : [];
  return [...beginning, ...ending];
}

function placesIn(state: State, path: readonly string[], name: string): readonly Place[] {
  const at = (config: State): State => stateAt(config, path);
  const keyed = (['on', 'after'] as const).flatMap((kind) =>
    Object.keys(state[kind] ?? {}).map((event): Place => {
      const read = (config: State): Transitions | undefined => at(config)[kind]?.[event];
      const write = (config: State, transitions: Transition[] | undefined): void => {
        const { [event]: _dropped, ...others } = at(config)[kind] ?? {};
        at(config)[kind] = transitions === undefined ? others : { ...others, [event]: transitions };
      };
      return { name: `${name} ${event}`, read, write };
    }),
  );
  const always: Place = {
    name: `${name} always`,
    read: (config) => at(config).always,
    write: (config, transitions) => {
      if (transitions === undefined) delete at(config).always;
      else at(config).always = transitions;
    },
  };
  const invoked = listOf(state.invoke).flatMap(({ id }, index) =>
    (['onDone', 'onError'] as const).map((kind): Place => {
      const invokeIn = (config: State): Invoke | undefined => listOf(at(config).invoke)[index];
      return {
        name: `${name} ${id} ${kind}`,
        read: (config) => invokeIn(config)?.[kind],
        write: (config, transitions) => {
          const invoke = invokeIn(config);
          if (invoke === undefined) return;
          if (transitions === undefined) delete invoke[kind];
          else invoke[kind] = transitions;
        },
      };
    }),
  );
  return [...keyed, always, ...invoked];
}

function breaksOfTransitions(root: State, place: Place, path: readonly string[]): readonly Break[] {
  return listOf(place.read(root)).flatMap((transition, index, all) => {
    const name = all.length === 1 ? place.name : `${place.name} #${index + 1}`;
    const change = (edit: (transition: Transition) => Transition) => (config: State) => {
      const edited = listOf(place.read(config)).map((each, at) => (at === index ? edit(each) : each));
      place.write(config, edited);
    };
    const { target, guard, reenter } = transition;
    return [
      {
        name: `${name}: is not taken`,
        apply: (config: State) => {
          const left = without(listOf(place.read(config)), index);
          place.write(config, left.length === 0 ? undefined : left);
        },
      },
      ...listOf(transition.actions).map((action, position) => ({
        name: `${name}: does not ${nameOf(action)}`,
        apply: change((each) => ({ ...each, actions: without(listOf(each.actions), position) })),
      })),
      ...(guard === undefined
        ? []
        : [
            { name: `${name}: is taken when it should not be`, apply: change(withNegatedGuard) },
            { name: `${name}: is taken in any case`, apply: change(withoutGuard) },
          ]),
      ...(target === undefined ? [] : [{ name: `${name}: leads nowhere`, apply: change(withoutTarget) }]),
      ...elsewhere(root, path, target).map((other) => ({
        name: `${name}: leads to ${other}`,
        apply: change((each) => ({ ...each, target: other })),
      })),
      ...(reenter === true
        ? [{ name: `${name}: does not begin anew`, apply: change((each) => ({ ...each, reenter: false })) }]
        : []),
    ];
  });
}

function withNegatedGuard(transition: Transition): Transition {
  return { ...transition, guard: not(transition.guard as never) };
}

function withoutGuard({ guard: _ignored, ...transition }: Transition): Transition {
  return transition;
}

function withoutTarget({ target: _ignored, ...transition }: Transition): Transition {
  return transition;
}

/** Another target: a sibling of the state that the transition leads to. */
function elsewhere(root: State, path: readonly string[], target: string | undefined): readonly string[] {
  if (target === undefined) return [];
  const steps = target.split('.');
  const last = steps.at(-1) ?? '';
  const parent = target.startsWith('#')
    ? steps.slice(1, -1)
    : target.startsWith('.')
      ? [...path, ...steps.slice(1, -1)]
      : [...path.slice(0, -1), ...steps.slice(0, -1)];
  const sibling = Object.keys(stateAt(root, parent).states ?? {}).find((name) => name !== last);
  return sibling === undefined ? [] : [[...steps.slice(0, -1), sibling].join('.')];
}
