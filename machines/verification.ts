/** What a verify read says about a copy that was resumed. */
import type { Revision } from './revision.js';

/** The answer of a verify read. */
export interface Verification {
  /** The resume point the question was asked for. */
  readonly revision: Revision;
  /** How many keys under the prefix changed after it. */
  readonly changedCount: number;
  /** How many keys there are in all. */
  readonly totalCount: number;
}

/** True when etcd has as many keys, and none that is newer: in the copy's own history, the copy equals etcd. */
export function isAlike(
  copy: { readonly revision: Revision | null; readonly size: number },
  found: Verification,
): boolean {
  return found.revision === copy.revision && found.changedCount === 0 && found.totalCount === copy.size;
}
