/** What listeners were told last, as AbstractRegistry.getNotified of Dubbo tells it: by consumer URL and category. */
import { isAfter } from '../machines/index.js';
import type { ListenerSubscription } from './listener-subscription.js';
import type { Told } from './notifier.js';
import type { ServiceUrl } from './url.js';
import type { Position } from './view.js';

/** What was told last about one consumer URL; for `interface=*` there is one for each service. */
export interface Notified {
  readonly url: ServiceUrl;
  /** By category; an empty category is one `empty://` URL. */
  readonly categories: ReadonlyMap<string, readonly ServiceUrl[]>;
}

/** Where a URL has several listeners, what the one furthest ahead was told. Subscriptions that ended are not in it. */
export function notifiedOf(subscriptions: Iterable<ListenerSubscription>): readonly Notified[] {
  const byConsumer = new Map<string, { readonly url: ServiceUrl; readonly told: Map<string, Told> }>();
  for (const subscription of subscriptions) {
    for (const list of subscription.selection.lists()) {
      const told = subscription.toldOf(list);
      if (told === undefined) continue;
      const { consumer, category } = list;
      const known = byConsumer.get(consumer.canonicalKey) ?? { url: consumer, told: new Map<string, Told>() };
      byConsumer.set(consumer.canonicalKey, known);
      const other = known.told.get(category);
      if (other === undefined || isLater(told, other)) known.told.set(category, told);
    }
  }
  return [...byConsumer.values()].map(({ url, told }) => ({
    url,
    categories: new Map([...told].map(([category, { urls }]) => [category, urls])),
  }));
}

function isLater(a: Position, b: Position): boolean {
  return a.history === b.history ? isAfter(a.revision, b.revision) : a.history > b.history;
}
