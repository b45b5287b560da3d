/** What is known of the services that are followed: what a cache file is to remember. */
import { type CacheEntries, mergedUrls } from './cache-text.js';
import { anyValue } from './dubbo-names.js';
import type { Selection } from './selection.js';
import type { ServiceUrl } from './url.js';

/** What is known now, and how far that goes. */
export interface KnownUrls {
  /** By service key; keys of which something is stale or still being read are left out. */
  readonly entries: CacheEntries;
  /** True for a service key that `interface=*` covers: what is not in `entries` is not there. */
  readonly isComplete: (serviceKey: string) => boolean;
}

/** Puts together what the lists of all selections hold; of equal service keys, what all of them hold. */
export function knownUrls(selections: Iterable<Selection>): KnownUrls {
  const byKey = new Map<string, (readonly ServiceUrl[])[]>();
  const unknown = new Set<string>();
  const covering: ServiceUrl[] = [];
  for (const selection of selections) {
    if (selection.url.serviceInterface === anyValue && selection.isLive) covering.push(selection.url);
    for (const list of selection.lists()) {
      const { serviceKey } = list.consumer;
      if (serviceKey === undefined) continue;
      const lists = byKey.get(serviceKey) ?? [];
      byKey.set(serviceKey, lists);
      if (list.isSettled && list.staleness === undefined) lists.push(list.urls());
      else unknown.add(serviceKey);
    }
  }
  const known = [...byKey].filter(([key]) => !unknown.has(key));
  return {
    entries: new Map(known.map(([key, lists]) => [key, mergedUrls(lists)])),
    isComplete: (key) => !unknown.has(key) && covering.some((url) => covers(url, key)),
  };
}

/** True when the service key is that of some interface, with the group and the version of the URL. */
function covers(url: ServiceUrl, serviceKey: string): boolean {
  const group = url.getParameter('group');
  const version = url.getParameter('version');
  const before = group === undefined ? '' : `${group}/`;
  const after = version === undefined ? '' : `:${version}`;
  if (!serviceKey.startsWith(before) || !serviceKey.endsWith(after)) return false;
  const name = serviceKey.slice(before.length, serviceKey.length - after.length);
  return name !== '' && !/[/:]/.test(name);
}
