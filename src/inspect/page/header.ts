/** The top line: how each registry is, whether the page is still told, and light or dark. */
import { element, h } from './dom.js';
import type { RegistrySummary } from './protocol.js';
import type { Store } from './store.js';
import type { Tone } from './tone.js';

export function showHeader(store: Store): void {
  const registries = element('registries');
  const refresh = (): void => {
    registries.replaceChildren(...store.summaries.map((summary) => registryOf(summary, store)));
  };
  store.on(['summaries'], refresh);
  store.on(['feed'], () => {
    const feed = element('feed');
    feed.dataset['state'] = store.feed;
    feed.textContent = store.feed === 'lost' ? 'the program is gone; waiting' : store.feed;
  });
  element('theme').addEventListener('click', switchTheme);
  const remembered = localStorage.getItem('theme');
  if (remembered !== null) document.documentElement.dataset['theme'] = remembered;
}

function switchTheme(): void {
  const { dataset } = document.documentElement;
  const isDark =
    (dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  dataset['theme'] = isDark ? 'light' : 'dark';
  localStorage.setItem('theme', dataset['theme']);
}

function registryOf(summary: RegistrySummary, store: Store): HTMLElement {
  const { connection, lease, label, registry, state } = summary;
  const name = store.summaries.length > 1 ? `${registry + 1}` : '';
  const card = h(
    'button',
    {
      class: 'registry',
      type: 'button',
      title: `${label}\nasks ${connection.endpoint}`,
      'data-state': state,
    },
    h('span', { class: 'label' }, name === '' ? label : name),
    badge(connection.state, toneOfConnection(connection.state)),
    badge(`lease ${lease.state}`, toneOfLease(lease.state)),
    connection.history > 0 && badge(`history ${connection.history + 1}`, 'doubtful', anotherEtcd),
  );
  card.addEventListener('click', () => {
    const root = [...store.actors.values()].find((row) => row.parentId === null && row.registry === registry);
    if (root !== undefined) store.select(root.id);
  });
  return card;
}

const anotherEtcd =
  'etcd turned out to be another one: wiped, restored or replaced, or used for the first time';

function badge(text: string, tone: Tone, title?: string): HTMLElement {
  return h('span', { class: 'badge', 'data-tone': tone, title }, text);
}

function toneOfConnection(state: string): Tone {
  if (state === 'connected') return 'good';
  return state === 'connected.doubtful' ? 'doubtful' : state === 'closed' ? 'calm' : 'bad';
}

function toneOfLease(state: string): Tone {
  if (state === 'alive') return 'good';
  if (state === 'alive.doubtful') return 'doubtful';
  return state === 'idle' || state === 'closed' ? 'calm' : 'bad';
}
