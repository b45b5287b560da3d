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
const nameLetterWidth = 7.6;
const nameHeight = 30;

const rootOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.feedbackEdges': 'true',
  'elk.edgeLabels.inline': 'false',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
};

/** elkjs is a CommonJS module whose types speak of a default export. */
const Elk = elkModule as unknown as typeof elkModule.default;

export async function layOut(machine: string, root: ChartState): Promise<Chart> {
  const edges = edgesOf(root);
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: rootOptions,
    children: [nodeOf(root)],
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
  readonly trigger: string;
  readonly isBug: boolean;
  readonly lines: readonly ChartLabelLine[];
}

/** Branches that only bugs take are not drawn: they lead from everywhere to the same end. */
function edgesOf(root: ChartState): readonly Edge[] {
  const moves = allStates(root)
    .flatMap((state) => state.moves)
    .filter(({ to, isBug }) => to !== undefined && !isBug);
  const drawn = new Map<string, Edge>();
  for (const move of moves) {
    const id = `${move.from}>${move.to ?? ''}>${move.trigger}`;
    const lines = linesOf(move);
    const known = drawn.get(id);
    const { from, to = '', trigger, isBug } = move;
    drawn.set(id, {
      id,
      from,
      to,
      trigger,
      isBug,
      lines: known === undefined ? lines : [...known.lines, ...lines.slice(1)],
    });
  }
  return [...drawn.values()];
}

function linesOf({ trigger, guard }: ChartMove): readonly ChartLabelLine[] {
  if (guard === undefined || guard === 'isExpected') return [{ part: 'trigger', text: trigger }];
  return [
    { part: 'trigger', text: trigger },
    { part: 'guard', text: guard === 'otherwise' ? 'else' : guard },
  ];
}

/** What stands in a state's box under its name. */
function insideOf(state: ChartState): readonly ChartLine[] {
  const reactions = state.moves.filter(({ to, isBug }) => to === undefined && !isBug);
  return [
    ...state.entry.map((text): ChartLine => ({ sign: 'entry', text })),
    ...state.exit.map((text): ChartLine => ({ sign: 'exit', text })),
    ...state.asks.map((text): ChartLine => ({ sign: 'ask', text })),
    ...[...new Set(reactions.map(({ trigger }) => trigger))].map((text): ChartLine => ({ sign: 'on', text })),
  ];
}

function nodeOf(state: ChartState): ElkNode {
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
    children: state.states.map(nodeOf),
    layoutOptions: {
      ...rootOptions,
      'elk.direction': state.kind === 'parallel' ? 'RIGHT' : 'DOWN',
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
  const { from, to, trigger, isBug, lines } = edge;
  return {
    from,
    to,
    trigger,
    isBug,
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
