/** etcd revisions are int64 and cross the seam as decimal strings; this is all the arithmetic the machines need. */

/** An etcd revision as a decimal string. */
export type Revision = string;

/** Negative, zero or positive as `a` is before, at or after `b`. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length;
}

/** True when `a` lies after `b`. */
export function isAfter(a: Revision, b: Revision): boolean {
  return compareRevisions(a, b) > 0;
}
