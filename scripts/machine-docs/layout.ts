/** Finds a place for every state and move of a chart, with elkjs; the offline inspector draws what comes out. */
import elkModule, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js';
import type {
  Chart,
  ChartBox,
  ChartLabelLine,
  ChartLine,
  ChartMove as Move,
} from '../../src/inspect/page/protocol.js';
import { allStates, type ChartMove, type ChartState } from './chart.js';

/** The page writes with a font whose letters are all equally wide, so that lengths can be known here. */
const letterWidth = 6.4;
const lineHeight = 15;
const nameLetterWidth = 8.4;
const nameHeight = 30;

const commonOptions = {
  'elk.algorithm': 'layered',
  'elk.aspectRatio': '1.5',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.edgeLabels.inline': 'false',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
};

/** elkjs is a CommonJS module whose types speak of a default export. */
const Elk = elkModule as unknown as typeof elkModule.default;

/** Different ways to lay out; none is the best for every machine. */
const manners: readonly Readonly<Record<string, string>>[] = ['DOWN', 'RIGHT'].flatMap((direction) =>
  ['GREEDY', 'INTERACTIVE'].flatMap((cycleBreaking) =>
    ['NETWORK_SIMPLEX', 'LINEAR_SEGMENTS'].map((nodePlacement) => ({
      ...commonOptions,
      'elk.direction': direction,
      'elk.layered.cycleBreaking.strategy': cycleBreaking,
      'elk.layered.nodePlacement.strategy': nodePlacement,
    })),
  ),
);

/** The picture that can be shown largest in a window of usual shape. */
export async function layOut(machine: string, root: ChartState): Promise<Chart> {
  const charts = await Promise.all(manners.map((manner) => laidOut(machine, root, manner)));
  const scale = ({ width, height }: Chart): number =>
    Math.min(windowSize.width / width, windowSize.height / height);
  return charts.reduce((best, chart) => (scale(chart) > scale(best) ? chart : best));
}

const windowSize = { width: 900, height: 600 };

type Manner = (typeof manners)[number];

async function laidOut(machine: string, root: ChartState, manner: Manner): Promise<Chart> {
  const edges = edgesOf(root);
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: manner,
    children: [nodeOf(root, manner)],
    edges: edges.map(elkEdgeOf),
  };
  const laid = await new Elk().layout(graph);
  const places = placesIn(laid);
  return {
    machine,
    width: Math.ceil(laid.width ?? 0),
    height: Math.ceil(laid.height ?? 0),
    states: allStates(root).map((state) => boxOf(root, state, places)),
    moves: edges.map((edge) => movedTo(edge, laid, places)),
  };
}

/** Moves from one state to another that are drawn as one line. */
interface Edge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly triggers: readonly string[];
  readonly lines: readonly ChartLabelLine[];
}

/** Not drawn: branches that only bugs take, and what the whole machine reacts to, which its box says in words. */
function edgesOf(root: ChartState): readonly Edge[] {
  const moves = allStates(root)
    .flatMap((state) => state.moves)
    .filter(({ from, to, isBug }) => from !== '' && to !== undefined && !isBug);
  const ways = new Map<string, ChartMove[]>();
  for (const move of moves) {
    const id = `${move.from}>${move.to ?? ''}`;
    ways.set(id, [...(ways.get(id) ?? []), move]);
  }
  return [...ways].map(([id, together]) => ({
    id,
    from: together[0]?.from ?? '',
    to: together[0]?.to ?? '',
    triggers: [...new Set(together.map(({ trigger }) => trigger))],
    lines: linesOf(together),
  }));
}

/** The events, and under each the conditions under which it leads there. */
function linesOf(moves: readonly ChartMove[]): readonly ChartLabelLine[] {
  const byTrigger = new Map<string, string[]>();
  for (const { trigger, guard } of moves) {
    const guards = byTrigger.get(trigger) ?? [];
    byTrigger.set(trigger, guards);
    if (guard !== undefined && guard !== 'isExpected') guards.push(guard === 'otherwise' ? 'else' : guard);
  }
  return [...byTrigger].flatMap(([trigger, guards]): ChartLabelLine[] => [
    ...(trigger === 'at once' && guards.length > 0 ? [] : [{ part: 'trigger', text: trigger } as const]),
    ...guards.map((guard): ChartLabelLine => ({ part: 'guard', text: `[${guard}]` })),
  ]);
}

/** What stands in a state's box under its name. */
function insideOf(state: ChartState): readonly ChartLine[] {
  const isRoot = state.path === '';
  const reactions = state.moves.filter(({ to, isBug }) => (isRoot || to === undefined) && !isBug);
  return [
    ...state.entry.map((text): ChartLine => ({ sign: 'entry', text })),
    ...state.exit.map((text): ChartLine => ({ sign: 'exit', text })),
    ...state.asks.map((text): ChartLine => ({ sign: 'ask', text })),
    ...[...new Set(reactions.map(reactionInWords))].map((text): ChartLine => ({ sign: 'on', text })),
  ];
}

function reactionInWords({ trigger, guard, to }: ChartMove): string {
  const condition =
    guard === undefined || to === undefined ? '' : ` [${guard === 'otherwise' ? 'else' : guard}]`;
  return `${trigger}${condition}${to === undefined ? '' : ` → ${to}`}`;
}

function nodeOf(state: ChartState, manner: Manner): ElkNode {
  const lines = insideOf(state);
  const headHeight = nameHeight + lines.length * lineHeight + (lines.length > 0 ? 6 : 0);
  const width = Math.max(
    96,
    34 + state.name.length * nameLetterWidth + tagsWidth(state),
    ...lines.map(({ text }) => 34 + text.length * letterWidth),
  );
  const id = idOf(state.path);
  if (state.states.length === 0) return { id, width, height: headHeight };
  return {
    id,
    children: state.states.map((inner) => nodeOf(inner, manner)),
    layoutOptions: {
      ...manner,
      'elk.padding': `[top=${headHeight + 8},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${headHeight})`,
    },
  };
}

function tagsWidth({ tags }: ChartState): number {
  return tags.reduce((sum, tag) => sum + tag.length * letterWidth + 16, 0);
}

function elkEdgeOf({ id, from, to, lines }: Edge): ElkExtendedEdge {
  const width = Math.max(...lines.map(({ text }) => text.length)) * letterWidth + 12;
  return {
    id,
    sources: [idOf(from)],
    targets: [idOf(to)],
    labels: [{ id: `label ${id}`, text: id, width, height: lines.length * (lineHeight - 1) + 4 }],
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where every state is, counted from the picture's corner. */
function placesIn(laid: ElkNode): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const visit = (node: ElkNode, left: number, top: number): void => {
    const [x, y] = [left + (node.x ?? 0), top + (node.y ?? 0)];
    places.set(node.id, { x, y, width: node.width ?? 0, height: node.height ?? 0 });
    for (const child of node.children ?? []) visit(child, x, y);
  };
  visit(laid, 0, 0);
  return places;
}

function boxOf(root: ChartState, state: ChartState, places: ReadonlyMap<string, Place>): ChartBox {
  const { x, y, width, height } = placeOf(places, idOf(state.path));
  const { path, name, kind, description, tags } = state;
  const isInitial = allStates(root).some(({ initial }) => initial === path);
  const lines = insideOf(state);
  const place = { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
  return { path, name, kind, isInitial, description, tags, lines, ...place };
}

function movedTo(edge: Edge, laid: ElkNode, places: ReadonlyMap<string, Place>): Move {
  const found = laidEdges(laid).find(({ id }) => id === edge.id);
  const [section] = found?.sections ?? [];
  const label = found?.labels?.[0];
  if (section === undefined || label === undefined) throw new Error(`no way was found for ${edge.id}`);
  // The coordinates of an edge count from the state that holds both its ends.
  const { x, y } = placeOf(places, (found as { readonly container?: string }).container ?? 'root');
  const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
  const { from, to, triggers, lines } = edge;
  return {
    from,
    to,
    triggers,
    points: points.map((point) => [rounded(point.x + x), rounded(point.y + y)] as const),
    label: {
      lines,
      x: rounded((label.x ?? 0) + x),
      y: rounded((label.y ?? 0) + y),
      width: rounded(label.width ?? 0),
      height: rounded(label.height ?? 0),
    },
  };
}

function laidEdges(node: ElkNode): readonly ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(laidEdges)];
}

function placeOf(places: ReadonlyMap<string, Place>, id: string): Place {
  const place = places.get(id);
  if (place === undefined) throw new Error(`no place was found for ${id}`);
  return place;
}

function idOf(path: string): string {
  return `state ${path}`;
}

function rounded(length: number): number {
  return Math.round(length * 2) / 2;
}
