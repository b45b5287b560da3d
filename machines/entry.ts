/** Keys and values as machines and adapters exchange them. Keys are text; bytes that are not UTF-8 are escaped by the adapter. */
import type { Revision } from './revision.js';

/** One key of etcd with its value. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Decimal lease id; '0' when the key has none. */
  readonly leaseId: string;
}

/** One event of a watch: a key was written, or it was deleted. */
export type EntryChange =
  | ({ readonly type: 'put' } & Entry)
  | { readonly type: 'delete'; readonly key: string; readonly modRevision: Revision };

/** Everything under a prefix at one revision, ordered by key. */
export interface Listing {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
}
