/**
 * Broken copies of a machine, each with one thing wrong: a transition, guard, action, invoke, tag or end left out or
 * turned round, or a delay that takes no time. Made from the machine's own configuration, in memory.
 */
import { type AnyStateMachine, createMachine, not } from 'xstate';

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

type Action = string | { readonly type: string; readonly params?: unknown };

interface Transition {
  target?: string;
  guard?: unknown;
  actions?: Action | Action[];
  reenter?: boolean;
}

type Transitions = Transition | Transition[];

interface Invoke {
  readonly id: string;
  onDone?: Transitions;
  onError?: Transitions;
}

interface State {
  id?: string;
  initial?: string;
  type?: string;
  tags?: string[];
  entry?: Action | Action[];
  exit?: Action | Action[];
  on?: Record<string, Transitions>;
  after?: Record<string, Transitions>;
  always?: Transitions;
  invoke?: Invoke | Invoke[];
  states?: Record<string, State>;
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
  const at = (config: State): State => stateAt(config, path);
  const others = Object.keys(state.states ?? {}).filter((child) => child !== state.initial);
  const [other] = others;
  return [
    ...(['entry', 'exit'] as const).flatMap((side) =>
      listOf(state[side]).map((action, index) => ({
        name: `${name}: ${side} does not ${nameOf(action)}`,
        apply: (config: State) => {
          at(config)[side] = without(listOf(at(config)[side]), index);
        },
      })),
    ),
    ...listOf(state.invoke).map(({ id }, index) => ({
      name: `${name}: ${id} is not invoked`,
      apply: (config: State) => {
        at(config).invoke = without(listOf(at(config).invoke), index);
      },
    })),
    ...(state.tags ?? []).map((tag) => ({
      name: `${name}: is not tagged ${tag}`,
      apply: (config: State) => {
        at(config).tags = (state.tags ?? []).filter((kept) => kept !== tag);
      },
    })),
    ...(state.initial === undefined || other === undefined
      ? []
      : [
          {
            name: `${name}: begins in ${other}`,
            apply: (config: State) => {
              at(config).initial = other;
            },
          },
        ]),
    ...(state.type === 'final'
      ? [
          {
            name: `${name}: is not an end`,
            apply: (config: State) => {
              delete at(config).type;
            },
          },
        ]
      : []),
  ];
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

function* pathsIn(state: State, path: readonly string[] = []): IterableIterator<readonly string[]> {
  yield path;
  for (const [name, child] of Object.entries(state.states ?? {})) yield* pathsIn(child, [...path, name]);
}

function stateAt(root: State, path: readonly string[]): State {
  return path.reduce<State>((state, name) => state.states?.[name] ?? {}, root);
}

function nameOf(action: Action): string {
  return typeof action === 'string' ? action : action.type;
}

function listOf<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function without<T>(list: readonly T[], index: number): T[] {
  return list.filter((_, at) => at !== index);
}

/** A copy of everything that a break may change; functions stay the same. */
function cloned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cloned(each)]));
}
