/** Why a consumer sees whom it sees: everything under its service, and what keeps each from matching. */
import type { Entry } from '../machines/index.js';
import { RegistryError } from './errors.js';
import type { KeyLayout } from './key-layout.js';
import { quoted } from './quoted.js';
import { shownKey } from './shown-key.js';
import type { ServiceUrl } from './url.js';
import { type Mismatch, mismatchesOf, urlOfChild } from './url-match.js';
import type { Staleness } from './view.js';

/** Plain JSON, without passwords. */
export interface Explanation {
  /** The consumer URL that was explained. */
  readonly consumer: string;
  /** The path of its service in etcd. */
  readonly path: string;
  /** In one sentence. */
  readonly summary: string;
  readonly finding: 'provided' | 'noSuchService' | 'nobodyRegistered' | 'nobodyMatches';
  /** Those in the categories asked for that match. */
  readonly matching: readonly string[];
  /** Those that do not, each with everything that keeps it from matching. */
  /** What else a Dubbo consumer heeds, so that it may call none of those that match: who is switched off, and by whom. */
  readonly remarks: readonly string[];
  readonly mismatching: readonly { readonly url: string; readonly differences: readonly Mismatch[] }[];
  readonly undecodable: readonly { readonly key: string; readonly reason: string }[];
  /** Since when a subscription of this process to it may be out of date, and why; null if none is. */
  readonly stale: Staleness | null;
}

/** Explains from all entries at and below the service's path. */
export function explain(
  consumer: ServiceUrl,
  layout: KeyLayout,
  entries: Iterable<Pick<Entry, 'key'>>,
  stale: Staleness | null,
): Explanation {
  const path = layout.servicePath(consumer);
  const matching: string[] = [];
  const mismatching: { url: string; differences: readonly Mismatch[] }[] = [];
  const undecodable: { key: string; reason: string }[] = [];
  const remarks: string[] = [];
  let hasKeys = false;
  for (const { key } of entries) {
    if (key !== path && !key.startsWith(`${path}/`)) continue;
    hasKeys = true;
    const parts = layout.parseKey(key);
    if (parts === undefined) continue;
    try {
      const url = urlOfChild(parts.name);
      if (url === undefined) continue;
      const remark = remarkOn(url, parts.category);
      if (remark !== undefined) remarks.push(remark);
      const differences = differencesOf(consumer, url, parts.category, layout);
      if (differences.length === 0) matching.push(shownKey(url.toString()));
      else mismatching.push({ url: shownKey(url.toString()), differences });
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      undecodable.push({ key: shownKey(key), reason: thrown.reason ?? thrown.code });
    }
  }
  const lists = { matching, remarks, mismatching, undecodable };
  const finding = findingOf(lists, hasKeys);
  const found = { consumer: shownKey(consumer.toString()), path, finding, ...lists, stale } as const;
  return { ...found, summary: summaryOf(found) };
}

function findingOf(
  { matching, mismatching, undecodable }: Pick<Explanation, 'matching' | 'mismatching' | 'undecodable'>,
  hasKeys: boolean,
): Explanation['finding'] {
  if (matching.length > 0) return 'provided';
  if (mismatching.length + undecodable.length > 0) return 'nobodyMatches';
  return hasKeys ? 'nobodyRegistered' : 'noSuchService';
}

/** As the reader of a category sees it: a URL under a category that is not asked for is not seen at all. */
function differencesOf(
  consumer: ServiceUrl,
  url: ServiceUrl,
  category: string,
  layout: KeyLayout,
): readonly Mismatch[] {
  const differences = mismatchesOf(consumer, url);
  const isRead = layout.categories(consumer).includes(category);
  if (isRead || differences.some(({ field }) => field === 'category')) return differences;
  return [...differences, { field: 'category', wanted: layout.categories(consumer).join(), found: category }];
}

/** Registries tell of these URLs, and it is the consumer who then leaves a provider out. */
function remarkOn(url: ServiceUrl, category: string): string | undefined {
  const isOff = url.getBooleanParameter('disabled', false) || !url.getBooleanParameter('enabled', true);
  if (category === 'routers') return `a router may leave providers out: ${shownKey(url.toString())}`;
  if (!isOff) return undefined;
  return category === 'configurators'
    ? `a configurator switches providers off: ${shownKey(url.toString())}`
    : `${url.address ?? ''} is registered as switched off`;
}

function summaryOf({
  finding,
  path,
  matching,
  remarks,
  mismatching,
  undecodable,
  stale,
}: Omit<Explanation, 'summary'>): string {
  const age = stale === null ? '' : `; what is subscribed here may be out of date: ${stale.reason}`;
  switch (finding) {
    case 'provided':
      return `${matching.length} match${remarks.length === 0 ? '' : ', but see the remarks'}${age}`;
    case 'noSuchService':
      return `there is no key at or below ${quoted(path)}: nobody has ever registered that interface under this root${age}`;
    case 'nobodyRegistered':
      return `the interface is known, but nobody is registered now${age}`;
    case 'nobodyMatches': {
      const fields = [
        ...new Set(mismatching.flatMap(({ differences }) => differences.map(({ field }) => field))),
      ];
      const unread = undecodable.length === 0 ? '' : `; ${undecodable.length} cannot be read`;
      const differ =
        mismatching.length === 0 ? 'none match' : `${mismatching.length} differ in ${fields.join(', ')}`;
      return `${differ}${unread}${age}`;
    }
  }
}
