/** What is known of the services that are followed: what a cache file is to remember. */
import { type CacheEntries, mergedUrls } from './cache-text.js';
import { anyValue } from './dubbo-names.js';
import type { Selection } from './selection.js';
import type { ServiceUrl } from './url.js';

/** By service key; keys of which something is stale or still being read are left out. */
export function knownUrls(selections: Iterable<Selection>): CacheEntries {
  const byKey = new Map<string, (readonly ServiceUrl[])[]>();
  const unknown = new Set<string>();
  for (const selection of selections) {
    const { serviceKey, serviceInterface } = selection.url;
    if (serviceKey === undefined || serviceInterface === anyValue) continue;
    const lists = byKey.get(serviceKey) ?? [];
    byKey.set(serviceKey, lists);
    for (const list of selection.lists()) {
      if (list.isSettled && list.staleness === undefined) lists.push(list.urls());
      else unknown.add(serviceKey);
    }
  }
  const known = [...byKey].filter(([key]) => !unknown.has(key));
  return new Map(known.map(([key, lists]) => [key, mergedUrls(lists)]));
}
