/** The statechart of the selected machine: drawn once, then only lit. Drag to move it, scroll to zoom, double-click to fit. */
import { element, h, svg } from './dom.js';
import type { ActorRow, Chart, ChartBox, ChartMove } from './protocol.js';
import type { Store } from './store.js';
import { type Tone, toneOfActor, toneOfTags } from './tone.js';
import { type Zoom, zoomable } from './zoom.js';

interface Drawing {
  readonly actorId: string;
  readonly chart: Chart;
  readonly boxes: ReadonlyMap<string, SVGElement>;
  readonly zoom: Zoom;
  readonly moves: readonly { readonly move: ChartMove; readonly drawn: SVGElement }[];
}

export function showChart(store: Store): void {
  const host = element('chart');
  let drawing: Drawing | undefined;
  let lastSerial = 0;

  const refresh = (): void => {
    const row = store.selectedRow;
    const chart = row?.machine == null ? undefined : store.charts.get(row.machine);
    showHead(row);
    if (row === undefined || chart === undefined) {
      drawing = undefined;
      host.replaceChildren(h('p', { class: 'empty' }, wordsFor(row)));
      return;
    }
    if (drawing?.actorId !== row.id) {
      drawing = draw(row.id, chart, host);
      lastSerial = store.timeline.at(-1)?.serial ?? 0;
    }
    light(drawing, row.state ?? '');
  };
  const follow = (): void => {
    for (const entry of store.timeline.slice(-50)) {
      if (entry.serial <= lastSerial || entry.actorId !== drawing?.actorId || entry.kind !== 'change')
        continue;
      flash(drawing, entry.event, entry.to ?? '');
    }
    lastSerial = store.timeline.at(-1)?.serial ?? lastSerial;
  };
  store.on(['actors', 'selection'], refresh);
  store.on(['timeline'], follow);
}

function showHead(row: ActorRow | undefined): void {
  const head = element('machine-head');
  if (row === undefined) {
    head.replaceChildren(h('h2', {}, 'Machine'));
    return;
  }
  head.replaceChildren(
    h('h2', {}, row.name),
    ...(row.subject === null ? [] : [h('code', { class: 'subject', title: row.subject }, row.subject)]),
    h('span', { class: 'badge', 'data-tone': toneOfActor(row), id: 'state' }, row.state ?? row.status),
  );
}

function wordsFor(row: ActorRow | undefined): string {
  if (row === undefined) return 'Nothing is selected.';
  if (row.name === 'watchers') return 'The supervisor of the watchers; one for each prefix that is followed.';
  return 'A question to etcd that is under way. It has no states; its input is on the right.';
}

function draw(actorId: string, chart: Chart, host: HTMLElement): Drawing {
  const boxes = new Map<string, SVGElement>();
  const moves = chart.moves.map((move) => ({ move, drawn: moveOf(move) }));
  const stage = svg('g', { class: 'stage' });
  for (const box of chart.states) {
    const drawn = boxOf(box, toneIn(chart, box.path));
    drawn.classList.toggle('region', isRegion(chart, box.path));
    boxes.set(box.path, drawn);
    stage.append(drawn);
  }
  stage.append(...moves.map(({ drawn }) => drawn));
  const picture = svg('svg', { class: 'picture', role: 'img', 'aria-label': `The ${chart.machine} machine` });
  picture.append(arrowHead(), stage);
  host.replaceChildren(picture);
  return { actorId, chart, boxes, moves, zoom: zoomable(picture, stage, chart) };
}

function arrowHead(): SVGElement {
  const size = { viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8 };
  return svg(
    'defs',
    {},
    svg(
      'marker',
      { id: 'arrow', ...size, markerUnits: 'userSpaceOnUse', orient: 'auto' },
      svg('path', { d: 'M0 0.6 L7.4 4 L0 7.4 z' }),
    ),
  );
}

function boxOf(box: ChartBox, tone: Tone | undefined): SVGElement {
  const { path, name, kind, x, y, width, height, lines, description, tags } = box;
  const isOuter = path === '';
  return svg(
    'g',
    {
      class: `box ${kind}${isOuter ? ' outer' : ''}`,
      transform: `translate(${x} ${y})`,
      'data-path': path,
      'data-tone': tone,
    },
    svg('title', {}, description),
    svg('rect', { width, height, rx: isOuter ? 12 : 9 }),
    kind === 'final' &&
      svg('rect', { class: 'inner', x: 3, y: 3, width: width - 6, height: height - 6, rx: 6 }),
    box.isInitial && svg('circle', { class: 'initial', cx: 12, cy: 15, r: 4 }),
    svg('text', { class: 'name', x: box.isInitial ? 22 : 12, y: 20 }, name),
    ...tagsOf(tags, width),
    ...lines.map(({ sign, text }, index) =>
      svg('text', { class: `line ${sign}`, x: 14, y: 42 + index * 15 }, `${signs[sign]} ${text}`),
    ),
  );
}

/** What holds of a state holds of the states inside it, unless they say something else. */
function toneIn({ states }: Chart, path: string): Tone | undefined {
  const around = states.filter((box) => path === box.path || path.startsWith(`${box.path}.`));
  return around.map(({ tags }) => toneOfTags(tags)).findLast((tone) => tone !== undefined);
}

function isRegion({ states }: Chart, path: string): boolean {
  const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
  return path !== '' && states.some((box) => box.path === parent && box.kind === 'parallel');
}

const signs = { ask: '?', entry: '↓', exit: '↑', on: '·' } as const;

function tagsOf(tags: readonly string[], width: number): SVGElement[] {
  let right = width - 8;
  return tags.map((tag) => {
    const length = tag.length * 6.4 + 10;
    right -= length + 4;
    return svg(
      'g',
      { class: 'tag', transform: `translate(${right} 8)` },
      svg('rect', { width: length, height: 16, rx: 8 }),
      svg('text', { x: length / 2, y: 11.5, 'text-anchor': 'middle' }, tag),
    );
  });
}

function moveOf(move: ChartMove): SVGElement {
  const { x, y, width, height, lines } = move.label;
  return svg(
    'g',
    { class: 'move', 'data-from': move.from, 'data-to': move.to },
    svg('path', { d: rounded(move.points), 'marker-end': 'url(#arrow)' }),
    svg('rect', { x, y, width, height, rx: 4 }),
    ...lines.map(({ part, text }, index) =>
      svg('text', { class: part, x: x + width / 2, y: y + 12.5 + index * 14, 'text-anchor': 'middle' }, text),
    ),
  );
}

/** A line with round corners through these points. */
function rounded(points: ChartMove['points']): string {
  const parts = points.map((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined) return `M${point.join(' ')}`;
    if (after === undefined) return `L${point.join(' ')}`;
    const near = towards(point, before);
    const far = towards(point, after);
    return `L${near.join(' ')} Q${point.join(' ')} ${far.join(' ')}`;
  });
  return parts.join(' ');
}

function towards(from: readonly [number, number], to: readonly [number, number]): readonly [number, number] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  const share = length === 0 ? 0 : Math.min(7, length / 2) / length;
  return [from[0] + dx * share, from[1] + dy * share];
}

/** Lights what is active: every state on the way to where the machine is, and the moves that lead away from there. */
function light({ chart, boxes, moves, zoom }: Drawing, state: string): void {
  const active = activePaths(state, boxes);
  const inner = chart.states.filter(({ path, kind }) => active.has(path) && !holds.has(kind));
  zoom.show(inner);
  for (const [path, box] of boxes) box.classList.toggle('active', active.has(path));
  for (const { move, drawn } of moves) drawn.classList.toggle('possible', active.has(move.from));
}

/** States that are only as active as those inside them. */
const holds: ReadonlySet<ChartBox['kind']> = new Set(['compound', 'parallel']);

/** `a.b & a.c` stands for the states a, a.b and a.c; regions after the first may leave out what they share. */
function activePaths(state: string, boxes: ReadonlyMap<string, SVGElement>): ReadonlySet<string> {
  const active = new Set<string>(['']);
  const regions = state.split(' & ');
  for (const region of regions) {
    const prefix = boxes.has(region) ? '' : sharedPrefix(regions[0] ?? '', region, boxes);
    const names = `${prefix}${region}`.split('.');
    for (let count = 1; count <= names.length; count += 1) active.add(names.slice(0, count).join('.'));
  }
  return active;
}

function sharedPrefix(first: string, region: string, boxes: ReadonlyMap<string, SVGElement>): string {
  const names = first.split('.');
  for (let count = names.length; count > 0; count -= 1) {
    const prefix = `${names.slice(0, count).join('.')}.`;
    if (boxes.has(prefix + region)) return prefix;
  }
  return '';
}

/** Lets the move that was just made glow for a moment. */
function flash({ moves }: Drawing, event: string, to: string): void {
  for (const { move, drawn } of moves) {
    const isTaken =
      move.triggers.includes(event) &&
      (to === move.to || to.startsWith(`${move.to}.`) || to.endsWith(move.to));
    if (!isTaken) continue;
    drawn.classList.remove('taken');
    drawn.getBoundingClientRect();
    drawn.classList.add('taken');
  }
}
