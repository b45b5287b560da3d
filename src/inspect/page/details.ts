/** The right side: what the selected actor knows, what is registered, and who is followed. */
import { element, h } from './dom.js';
import type { ActorDetail, RegistrationRow, RegistrySummary, SubscriptionRow, Trouble } from './protocol.js';
import type { Store } from './store.js';
import { age } from './time.js';
import type { Tone } from './tone.js';
import { valueTree } from './values.js';

type Tab = 'context' | 'registrations' | 'subscriptions';

export function showDetails(store: Store): void {
  const panel = element('panel');
  let tab: Tab = 'context';
  /** What the user folded or unfolded. */
  const opened = new Map<string, boolean>();

  const refresh = (): void => {
    const summary = summaryOf(store);
    showTabs(tab, summary, (chosen) => {
      tab = chosen;
      refresh();
    });
    const { scrollTop } = panel;
    panel.replaceChildren(...contentOf(tab, store, summary, opened));
    panel.scrollTop = scrollTop;
  };
  panel.addEventListener(
    'toggle',
    (event) => {
      const details = event.target;
      if (details instanceof HTMLDetailsElement) opened.set(details.dataset['path'] ?? '', details.open);
    },
    true,
  );
  store.on(['detail', 'summaries', 'selection'], refresh);
  // Ages grow by themselves.
  setInterval(() => tab === 'subscriptions' && refresh(), 5_000);
}

function contentOf(
  tab: Tab,
  store: Store,
  summary: RegistrySummary | undefined,
  opened: ReadonlyMap<string, boolean>,
): readonly HTMLElement[] {
  if (tab === 'context') return contextOf(store.detail, opened);
  if (summary === undefined) return [h('p', { class: 'empty' }, 'Nothing has been told yet.')];
  return tab === 'registrations' ? registrationsOf(summary) : subscriptionsOf(summary);
}

/** The registry of the selected actor. */
function summaryOf({ summaries, selectedRow }: Store): RegistrySummary | undefined {
  return summaries[selectedRow?.registry ?? 0];
}

function showTabs(tab: Tab, summary: RegistrySummary | undefined, choose: (tab: Tab) => void): void {
  const { registrations, subscriptions } = summary ?? {};
  const counts: Readonly<Record<Tab, string>> = {
    context: '',
    registrations:
      registrations === undefined || registrations.total === 0
        ? ''
        : `${registrations.written}/${registrations.total}`,
    subscriptions:
      subscriptions === undefined || subscriptions.total === 0 ? '' : String(subscriptions.total),
  };
  const troubled: Readonly<Record<Tab, boolean>> = {
    context: false,
    registrations: registrations !== undefined && registrations.written < registrations.total,
    subscriptions: subscriptions !== undefined && subscriptions.stale > 0,
  };
  const tabs = (['context', 'registrations', 'subscriptions'] as const).map((name) => {
    const button = h(
      'button',
      { role: 'tab', type: 'button', 'aria-selected': name === tab ? 'true' : 'false', 'data-tab': name },
      name,
      counts[name] !== '' && h('b', { 'data-tone': troubled[name] ? 'bad' : 'calm' }, counts[name]),
    );
    button.addEventListener('click', () => choose(name));
    return button;
  });
  element('tabs').replaceChildren(...tabs);
}

function contextOf(
  detail: ActorDetail | undefined,
  opened: ReadonlyMap<string, boolean>,
): readonly HTMLElement[] {
  if (detail === undefined) return [h('p', { class: 'empty' }, '…')];
  const parts = (['error', 'output', 'input', 'context'] as const).filter((part) => detail[part] !== null);
  if (parts.length === 0) return [h('p', { class: 'empty' }, 'It knows nothing.')];
  return parts.map((part) =>
    h(
      'section',
      { class: 'values' },
      parts.length > 1 && h('h3', {}, part),
      valueTree(detail[part], (path) => opened.get(path), `${detail.row.name}/${part}`),
    ),
  );
}

/** What is so, as far as one can know while etcd is away. */
function actualOf(
  { state, isLeased }: RegistrationRow,
  { connection, lease }: RegistrySummary,
): [string, Tone] {
  if (state === 'pending') return ['not yet in etcd', 'doubtful'];
  if (state === 'failed') return ['refused by etcd', 'failed'];
  if (state === 'withdrawing') return ['may still be in etcd', 'doubtful'];
  if (isLeased && !lease.state.startsWith('alive')) return ['gone with the lease', 'bad'];
  return connection.state === 'connected' ? ['in etcd', 'good'] : ['in etcd when last seen', 'doubtful'];
}

function registrationsOf(summary: RegistrySummary): readonly HTMLElement[] {
  const { rows, total } = summary.registrations;
  if (total === 0) return [h('p', { class: 'empty' }, 'Nothing is registered.')];
  return [...rows.map((row) => registrationCard(row, summary)), ...theRest(total - rows.length)];
}

function registrationCard(row: RegistrationRow, summary: RegistrySummary): HTMLElement {
  const { key, state, isLeased, attempts, lastError } = row;
  const [actual, tone] = actualOf(row, summary);
  return h(
    'article',
    { class: 'card', 'data-tone': tone },
    h('p', { class: 'key' }, key),
    h(
      'p',
      { class: 'facts' },
      h('span', { class: 'desired' }, state === 'withdrawing' ? 'to be withdrawn' : 'to be registered'),
      h('span', { class: 'arrow' }, '→'),
      h('span', { class: 'badge', 'data-tone': tone }, actual),
      h('span', {}, isLeased ? 'with the lease' : 'for good'),
      attempts > 0 && h('span', {}, `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`),
    ),
    ...troubleOf(lastError),
  );
}

function subscriptionsOf({ subscriptions }: RegistrySummary): readonly HTMLElement[] {
  const { rows, total } = subscriptions;
  if (total === 0) return [h('p', { class: 'empty' }, 'Nothing is subscribed.')];
  return [...rows.map(subscriptionCard), ...theRest(total - rows.length)];
}

function subscriptionCard({
  url,
  service,
  category,
  providerCount,
  revision,
  stale,
}: SubscriptionRow): HTMLElement {
  const tone: Tone = stale === null ? 'good' : 'bad';
  return h(
    'article',
    { class: 'card', 'data-tone': tone, title: url },
    h('p', { class: 'key' }, service, h('em', {}, ` ${category}`)),
    h(
      'p',
      { class: 'facts' },
      h('span', { class: 'badge', 'data-tone': tone }, stale === null ? 'live' : 'stale'),
      h('span', {}, `${providerCount} ${providerCount === 1 ? 'URL' : 'URLs'}`),
      h('span', {}, revision === null ? 'not read yet' : `revision ${revision}`),
    ),
    stale !== null && h('p', { class: 'trouble' }, `for ${age(stale.since)}: ${stale.reason}`),
  );
}

function troubleOf(trouble: Trouble | null): readonly HTMLElement[] {
  if (trouble === null) return [];
  return [h('p', { class: 'trouble' }, h('b', {}, trouble.kind), ` ${trouble.message}`)];
}

function theRest(count: number): readonly HTMLElement[] {
  return count <= 0 ? [] : [h('p', { class: 'empty' }, `… and ${count} more that are well`)];
}
