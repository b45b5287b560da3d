/** What a probe tells about the cluster, and whether that is the history we know. */
import { isAfter, type Revision } from './revision.js';

/** What one linearizable read tells about the cluster behind an endpoint. */
export interface ClusterFacts {
  readonly clusterId: string;
  readonly revision: Revision;
  /** Identity of the sentinel key, or null when nobody has written one. */
  readonly sentinel: string | null;
}

/** True when what was found does not continue what is known. */
export function isOtherHistory(known: ClusterFacts | null, found: ClusterFacts): boolean {
  if (known === null) return false;
  if (known.clusterId !== found.clusterId) return true;
  // Also when we knew of no sentinel: then nothing tells whether this is the history we have seen.
  if (known.sentinel !== found.sentinel) return true;
  return isAfter(known.revision, found.revision);
}
