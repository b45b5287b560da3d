/**
 * Draws a chart as Mermaid state diagrams that a person can read: flat pictures, an overview first, then one for the
 * inside of each compound state. Not drawn, because the table tells them: bugs, reactions that stay where they are,
 * and what a whole picture reacts to by ending.
 */
import { allStates, type ChartMove, type ChartState, contains } from './chart.js';

export interface Picture {
  /** The paths of the states whose inside it shows; the root's path is empty. */
  readonly of: readonly string[];
  readonly mermaid: string;
}

/** All pictures of a machine, the overview first. Two states with the same inside share one. */
export function picturesOf(root: ChartState): readonly Picture[] {
  const pictures = new Map<string, string[]>();
  for (const container of allStates(root)) {
    if (container.kind !== 'compound') continue;
    const drawing = draw(root, container);
    if (drawing.edges.length < 2) continue;
    const mermaid = textOf(drawing);
    pictures.set(mermaid, [...(pictures.get(mermaid) ?? []), container.path]);
  }
  return [...pictures].map(([mermaid, of]) => ({ of, mermaid }));
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly moves: readonly ChartMove[];
}

interface Drawing {
  readonly container: ChartState;
  readonly states: readonly ChartState[];
  /** States outside the container that its inside leads to. */
  readonly exits: readonly ChartState[];
  readonly edges: readonly Edge[];
}

function draw(root: ChartState, container: ChartState): Drawing {
  const exits = new Map<string, ChartState>();
  const edges = new Map<string, Edge>();
  for (const move of withoutIdleGuards(root, container, movesIn(root, container))) {
    const from = inside(container, move.from)?.name;
    const target = targetOf(root, container, move);
    if (from === undefined || target === undefined || from === target.id) continue;
    if (target.id !== target.state.name) exits.set(target.id, target.state);
    const edge = `${from} ${target.id}`;
    edges.set(edge, { from, to: target.id, moves: [...(edges.get(edge)?.moves ?? []), move] });
  }
  const ends = new Set([...edges.values()].flatMap(({ from, to }) => [from, to]));
  return {
    container,
    states: container.states.filter(({ name }) => ends.has(name)),
    exits: [...exits.values()],
    edges: [...edges.values()],
  };
}

/** Where a move leads in this picture: a state of the container, or one outside. */
function targetOf(
  root: ChartState,
  container: ChartState,
  { to }: ChartMove,
): { readonly id: string; readonly state: ChartState } | undefined {
  if (to === undefined) return undefined;
  const own = inside(container, to);
  if (own !== undefined) return { id: own.name, state: own };
  const state = exitOf(root, container, to);
  return { id: exitId(state), state };
}

/** A guard says nothing in a picture in which all branches lead the same way. */
function withoutIdleGuards(
  root: ChartState,
  container: ChartState,
  moves: readonly ChartMove[],
): readonly ChartMove[] {
  return moves.map((move) => {
    const branches = moves.filter(({ from, trigger }) => from === move.from && trigger === move.trigger);
    const targets = new Set(branches.map((branch) => targetOf(root, container, branch)?.id));
    const isIdle = branches.length > 1 && targets.size === 1;
    return isIdle ? { ...move, guard: undefined } : move;
  });
}

/** The state of the container that is, or contains, this one. */
function inside(container: ChartState, path: string): ChartState | undefined {
  return container.states.find((state) => state.path === path || contains(state, path));
}

/** The state outside that stands for a target: as the nearest picture around both shows it. */
function exitOf(root: ChartState, container: ChartState, target: string): ChartState {
  const around = allStates(root)
    .filter((state) => contains(state, container.path) && contains(state, target))
    .at(-1);
  const exit = around && inside(around, target);
  if (exit === undefined) throw new Error(`nothing stands for ${target}`);
  return exit;
}

/** The moves of all states inside, and the container's own, which hold for each of its states. */
function movesIn(root: ChartState, container: ChartState): readonly ChartMove[] {
  const all = new Map(allStates(root).map((state) => [state.path, state]));
  const ownMoves = container === root ? [] : container.moves;
  const shared = ownMoves.filter(({ to = '' }) => contains(container, to) && all.get(to)?.kind !== 'final');
  const spread = shared.flatMap((move) =>
    container.states
      .filter(({ kind, moves }) => kind !== 'final' && !moves.some(({ trigger }) => trigger === move.trigger))
      .map(({ path }) => ({ ...move, from: path })),
  );
  return [...container.states.flatMap(allStates).flatMap(({ moves }) => moves), ...spread].filter(
    ({ isBug, to = '' }) => !isBug && all.get(to)?.name !== 'failed',
  );
}

function textOf({ container, states, exits, edges }: Drawing): string {
  const painted = [
    ...exits.map((state) => ({ id: exitId(state), paint: 'outside' as const })),
    ...states.map((state) => ({ id: state.name, paint: paintOf(state) })),
  ];
  const lines = [
    'stateDiagram-v2',
    `direction ${states.length > 5 ? 'TB' : 'LR'}`,
    ...states.map((state) => `state "${captionOf(state)}" as ${state.name}`),
    ...exits.map((state) => `state "${state.name}" as ${exitId(state)}`),
    ...startsOf(container),
    ...edges.map(({ from, to, moves }) => `${from} --> ${to}: ${labelsOf(moves).join('<br/>')}`),
    ...Object.entries(paints).flatMap(([paint, style]) => {
      const ids = painted.filter((each) => each.paint === paint).map(({ id }) => id);
      return ids.length === 0 ? [] : [`classDef ${paint} ${style}`, `class ${ids.join(',')} ${paint}`];
    }),
  ];
  return lines.join('\n  ');
}

/** The name, and the names of what is inside. */
function captionOf({ name, states }: ChartState): string {
  const inner = states.map((state) => state.name);
  return inner.length === 0 ? name : `${name}<br/><i>${inner.join(', ')}</i>`;
}

function exitId({ name }: ChartState): string {
  return `outside_${name}`;
}

/** Where the container begins. */
function startsOf({ initial, states }: ChartState): readonly string[] {
  const first = states.find(({ path }) => path === initial);
  return first === undefined ? [] : [`[*] --> ${first.name}`];
}

function labelsOf(moves: readonly ChartMove[]): readonly string[] {
  return [...new Set(moves.map(labelOf))];
}

function labelOf({ trigger, guard }: ChartMove): string {
  if (guard === undefined || guard === 'isExpected') return trigger;
  const condition = `[${guard === 'otherwise' ? 'else' : guard}]`;
  return trigger === 'at once' ? condition : `${trigger} ${condition}`;
}

const paints = {
  good: 'fill:#d9f2df,stroke:#2c7a3f,color:#10331a',
  doubtful: 'fill:#fdf0c8,stroke:#a67c00,color:#3d2e00',
  bad: 'fill:#eceff3,stroke:#6b7685,color:#1c232b',
  ended: 'fill:#ffffff,stroke:#6b7685,color:#1c232b',
  outside: 'fill:#ffffff,stroke:#9aa4b1,color:#56606c,stroke-dasharray:4 3',
};

const paintOfTag: Readonly<Record<string, keyof typeof paints>> = {
  up: 'good',
  usable: 'good',
  live: 'good',
  doubtful: 'doubtful',
  down: 'bad',
  stale: 'bad',
};

function paintOf({ kind, tags }: ChartState): keyof typeof paints | undefined {
  return kind === 'final' ? 'ended' : tags.map((tag) => paintOfTag[tag]).at(-1);
}
