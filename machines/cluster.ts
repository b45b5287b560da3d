/** What a probe tells about the cluster, and whether that is the history we know. */
import { isAfter, type Revision } from './revision.js';

/** What one linearizable read tells about the cluster behind an endpoint. */
export interface ClusterFacts {
  readonly clusterId: string;
  readonly revision: Revision;
  /** Identity of the sentinel key; null when nobody has written one, and when we may not read it. */
  readonly sentinel: string | null;
  /** True when we may not read the sentinel, so that nobody knows whether there is one. */
  readonly isSentinelHidden?: boolean;
}

/** What is known once a sentinel is seen outside the probe. The one that the probe has found counts. */
export function withSentinel(known: ClusterFacts, sentinel: string): ClusterFacts {
  const { clusterId, revision } = known;
  return known.sentinel === null ? { clusterId, revision, sentinel } : known;
}

/** True when what was found does not continue what is known. */
export function isOtherHistory(known: ClusterFacts | null, found: ClusterFacts): boolean {
  if (known === null) return false;
  if (known.clusterId !== found.clusterId) return true;
  // Also when we knew of no sentinel, or could not read it: then nothing tells whether this is the history we have seen.
  if (known.sentinel !== found.sentinel || isHidden(known) !== isHidden(found)) return true;
  return isAfter(known.revision, found.revision);
}

function isHidden({ isSentinelHidden = false }: ClusterFacts): boolean {
  return isSentinelHidden;
}
