/** The timeline: what happened, newest below; it follows the end unless somebody scrolls up. */
import { element, h, input } from './dom.js';
import type { TimelineEntry } from './protocol.js';
import type { Store } from './store.js';
import { clockTime } from './time.js';
import { virtualList } from './virtual-list.js';

const rowHeight = 26;

const kinds = { change: 'changes', request: 'requests', event: 'other events' } as const;

export function showTimeline(store: Store): void {
  const filter = input('event-filter');
  const onlySelected = input('only-selected');
  const hiddenKinds = new Set<TimelineEntry['kind']>(['event', 'request']);
  let isFollowing = true;
  const scroller = element('timeline');
  const list = virtualList<TimelineEntry>(scroller, rowHeight, (entry) => rowOf(entry, store));

  const refresh = (): void => {
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const entries = store.timeline.filter(
      (entry) =>
        !hiddenKinds.has(entry.kind) &&
        (!onlySelected.checked || entry.actorId === store.selected) &&
        (words.length === 0 || matches(entry, words)),
    );
    list.show(entries);
    element('event-count').textContent = countOf(entries.length, store.timeline.length, store.skipped);
    if (isFollowing) list.toEnd();
  };
  scroller.addEventListener('scroll', () => {
    isFollowing = list.isAtEnd;
  });
  element('kinds').append(
    ...(Object.keys(kinds) as TimelineEntry['kind'][]).map((kind) => kindButton(kind, hiddenKinds, refresh)),
  );
  filter.addEventListener('input', refresh);
  onlySelected.addEventListener('change', refresh);
  store.on(['timeline'], refresh);
  store.on(['selection'], () => (onlySelected.checked ? refresh() : list.redraw()));
}

function kindButton(
  kind: TimelineEntry['kind'],
  hiddenKinds: Set<TimelineEntry['kind']>,
  refresh: () => void,
): HTMLElement {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'kind',
      'data-kind': kind,
      'aria-pressed': hiddenKinds.has(kind) ? 'false' : 'true',
    },
    kinds[kind],
  );
  button.addEventListener('click', () => {
    if (!hiddenKinds.delete(kind)) hiddenKinds.add(kind);
    button.setAttribute('aria-pressed', hiddenKinds.has(kind) ? 'false' : 'true');
    refresh();
  });
  return button;
}

function matches(entry: TimelineEntry, words: readonly string[]): boolean {
  const { name, subject, event, from, to, text } = entry;
  const all = `${name} ${subject ?? ''} ${event} ${from ?? ''} ${to ?? ''} ${text}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

function countOf(shown: number, all: number, skipped: number): string {
  const most = shown === all ? String(all) : `${shown} of ${all}`;
  return skipped === 0 ? most : `${most}, ${skipped} came too fast`;
}

function rowOf(entry: TimelineEntry, store: Store): HTMLElement {
  const { at, kind, name, subject, event, from, to, text, actorId, registry } = entry;
  const who = store.summaries.length > 1 ? `${name} ${registry + 1}` : name;
  const row = h(
    'div',
    {
      class: `entry ${kind}`,
      'data-serial': entry.serial,
      'aria-selected': actorId === store.selected ? 'true' : 'false',
      title: [subject, text].filter(Boolean).join('\n'),
    },
    h('time', {}, clockTime(at)),
    h('span', { class: 'who', 'data-name': name }, who),
    h('span', { class: 'what' }, event),
    h(
      'span',
      { class: 'move' },
      from !== null && h('s', {}, from),
      from !== null && to !== null && h('i', {}, '→'),
      to !== null && h('b', {}, to),
    ),
    h('span', { class: 'text' }, subject !== null && h('code', {}, subject), ` ${text}`),
  );
  row.addEventListener('click', () => {
    if (store.actors.has(actorId)) store.select(actorId);
  });
  return row;
}
