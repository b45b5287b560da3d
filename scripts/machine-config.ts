/** The configuration of a machine as data: what a mutant may change, and how to find and copy it. */

export type Action = string | { readonly type: string; readonly params?: unknown };

export interface Transition {
  target?: string;
  guard?: unknown;
  actions?: Action | Action[];
  reenter?: boolean;
}

export type Transitions = Transition | Transition[];

export interface Invoke {
  readonly id: string;
  onDone?: Transitions;
  onError?: Transitions;
}

export interface State {
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

export function* pathsIn(state: State, path: readonly string[] = []): IterableIterator<readonly string[]> {
  yield path;
  for (const [name, child] of Object.entries(state.states ?? {})) yield* pathsIn(child, [...path, name]);
}

export function stateAt(root: State, path: readonly string[]): State {
  return path.reduce<State>((state, name) => state.states?.[name] ?? {}, root);
}

export function nameOf(action: Action): string {
  return typeof action === 'string' ? action : action.type;
}

export function listOf<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function without<T>(list: readonly T[], index: number): T[] {
  return list.filter((_, at) => at !== index);
}

/** A copy of everything that a break may change; functions stay the same. */
export function cloned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cloned(each)]));
}
