/** The tree of all actors with their states; only what fits on the screen is drawn. */
import { element, h, input } from './dom.js';
import type { ActorRow } from './protocol.js';
import type { Store } from './store.js';
import { toneOfActor } from './tone.js';
import { virtualList } from './virtual-list.js';

interface TreeRow {
  readonly row: ActorRow;
  readonly depth: number;
  readonly isOpen: boolean;
  readonly childCount: number;
}

const rowHeight = 30;

export function showTree(store: Store): void {
  const tree = element('tree');
  const filter = input('actor-filter');
  /** What the user opened or closed by hand. */
  const chosen = new Map<string, boolean>();
  let rows: readonly TreeRow[] = [];

  const list = virtualList<TreeRow>(tree, rowHeight, (treeRow) => rowOf(treeRow, store, toggle));
  const refresh = (): void => {
    rows = rowsOf(store, chosen, filter.value.trim().toLowerCase());
    element('actor-count').textContent = String(store.actors.size);
    list.show(rows);
  };
  function toggle({ row, isOpen }: TreeRow): void {
    chosen.set(row.id, !isOpen);
    refresh();
  }
  const moveTo = (index: number): void => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (next === undefined) return;
    store.select(next.row.id);
    list.reveal(rows.indexOf(next));
  };
  tree.addEventListener('keydown', (event) => {
    const index = rows.findIndex(({ row }) => row.id === store.selected);
    const row = rows[index];
    if (row === undefined || !event.key.startsWith('Arrow')) return;
    event.preventDefault();
    if (event.key === 'ArrowDown') moveTo(index + 1);
    else if (event.key === 'ArrowUp') moveTo(index - 1);
    else if (row.childCount > 0 && row.isOpen !== (event.key === 'ArrowRight')) toggle(row);
  });
  filter.addEventListener('input', refresh);
  store.on(['actors'], refresh);
  store.on(['selection'], () => list.redraw());
}

/** The visible rows in order. With a filter: what matches, and what it is part of. */
function rowsOf(store: Store, chosen: ReadonlyMap<string, boolean>, filter: string): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const wanted = filter === '' ? undefined : idsMatching(store, filter);
  const visit = (id: string, depth: number): void => {
    const row = store.actors.get(id);
    if (row === undefined || (wanted !== undefined && !wanted.has(id))) return;
    const children = store.children.get(id) ?? [];
    // Questions to etcd come and go; they are shown to those who open the machine that asks.
    const isOpen =
      chosen.get(id) ?? (wanted !== undefined || row.machine === 'registry' || row.name === 'watchers');
    rows.push({ row, depth, isOpen, childCount: children.length });
    if (isOpen) for (const child of children) visit(child, depth + 1);
  };
  for (const id of store.children.get(null) ?? []) visit(id, 0);
  return rows;
}

function idsMatching(store: Store, filter: string): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const row of store.actors.values()) {
    if (!`${row.name} ${row.subject ?? ''} ${row.state ?? ''}`.toLowerCase().includes(filter)) continue;
    for (let each: ActorRow | undefined = row; each !== undefined && !ids.has(each.id); ) {
      ids.add(each.id);
      each = each.parentId === null ? undefined : store.actors.get(each.parentId);
    }
  }
  return ids;
}

function rowOf(treeRow: TreeRow, store: Store, toggle: (row: TreeRow) => void): HTMLElement {
  const { row, depth, isOpen, childCount } = treeRow;
  const arrow = h('button', { class: 'arrow', type: 'button', tabindex: -1, 'aria-label': 'Open or close' });
  arrow.textContent = childCount === 0 ? '' : isOpen ? '▾' : '▸';
  arrow.addEventListener('click', (event) => {
    event.stopPropagation();
    if (childCount > 0) toggle(treeRow);
  });
  const { length: registries } = store.summaries;
  const label = row.machine === 'registry' && registries > 1 ? `registry ${row.registry + 1}` : row.name;
  const element = h(
    'div',
    {
      class: `actor ${row.machine === null ? 'question' : ''}`,
      role: 'treeitem',
      'aria-selected': row.id === store.selected ? 'true' : 'false',
      'aria-level': depth + 1,
      'data-name': row.name,
      'data-tone': toneOfActor(row),
      title: `${row.name} ${row.subject ?? ''}\n${row.state ?? row.status}`,
    },
    arrow,
    h('i', { class: 'dot' }),
    h('span', { class: 'name' }, row.subject === null ? label : prefixInShort(row.subject)),
    h('span', { class: 'state' }, stateInShort(row, childCount)),
  );
  element.style.paddingLeft = `${depth * 16 + 6}px`;
  element.addEventListener('click', () => store.select(row.id));
  return element;
}

/** All prefixes begin with the same root, and there is little room. */
function prefixInShort(prefix: string): string {
  return /^\/[^/]+\/(.+)\/$/.exec(prefix)?.[1] ?? prefix;
}

/** The registry has four regions; here the one that tells how it is. */
function stateInShort({ machine, state, status, name }: ActorRow, childCount: number): string {
  if (status !== 'active') return status;
  if (name === 'watchers') return String(childCount);
  if (state === null) return 'asking';
  if (machine === 'registry') return /life\.([^ ]+)/.exec(state)?.[1] ?? state;
  if (machine === 'lease')
    return state.includes('doubtful') ? 'alive, doubtful' : (state.split('.')[0] ?? state);
  return state.replace(/^following\./, '');
}
