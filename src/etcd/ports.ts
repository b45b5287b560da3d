/** All that the machines ask of etcd, filled for one registry. Replaceable as a whole. */
import type {
  BatchAnswered,
  ClusterFacts,
  LeaseAnswer,
  LeaseContent,
  LeaseQuestion,
  LinkFact,
  Listing,
  OpenedFence,
  OwnKeysFact,
  OwnKeysInput,
  RequestPort,
  Revision,
  StreamPort,
  Verification,
  WatchFact,
  WriteBatch,
} from '../../machines/index.js';
import { listPrefix, verifyPrefix, watchPrefix } from './entries.js';
import { grantLease, readLease, renewLease, revokeLease } from './lease.js';
import { LinkInUse } from './link.js';
import { watchOwnKeys } from './own-keys.js';
import { confirmLink, followLink, probeCluster } from './probe.js';
import type { EtcdSettings } from './settings.js';
import type { Transport } from './transport.js';
import { openFence, writeBatches } from './writes.js';

/** The ports of all machines, by name; what each promises is said where its machine declares it. */
export interface EtcdPorts {
  readonly probeCluster: RequestPort<ClusterFacts, { readonly endpoint: string }>;
  readonly confirmLink: RequestPort<ClusterFacts, { readonly epoch: number }>;
  readonly followLink: StreamPort<LinkFact, { readonly epoch: number }>;
  readonly grantLease: RequestPort<LeaseAnswer, { readonly leaseId: string; readonly ttlSeconds: number }>;
  readonly renewLease: RequestPort<LeaseAnswer, { readonly leaseId: string }>;
  readonly revokeLease: RequestPort<void, { readonly leaseId: string }>;
  readonly listPrefix: RequestPort<Listing, { readonly prefix: string }>;
  readonly watchPrefix: StreamPort<WatchFact, { readonly prefix: string; readonly fromRevision: Revision }>;
  readonly verifyPrefix: RequestPort<Verification, { readonly prefix: string; readonly revision: Revision }>;
  readonly openFence: RequestPort<OpenedFence, { readonly leaseId: string }>;
  readonly writeBatches: StreamPort<BatchAnswered, WriteInput>;
  readonly readLease: RequestPort<LeaseContent, LeaseQuestion>;
  readonly watchOwnKeys: StreamPort<OwnKeysFact, OwnKeysInput>;
  /** Ends whatever is open. */
  close(): void;
}

export interface WriteInput {
  readonly leaseId: string;
  readonly fence: string | null;
  readonly batches: readonly WriteBatch[];
}

/** The ports over gRPC, or over transports of one's own. Nothing is opened before the first probe. */
export function connectEtcd(settings: EtcdSettings, open?: (endpoint: string) => Transport): EtcdPorts {
  const links = new LinkInUse();
  return {
    probeCluster: probeCluster(links, settings, open),
    confirmLink: confirmLink(links),
    followLink: followLink(links),
    grantLease: grantLease(links),
    renewLease: renewLease(links),
    revokeLease: revokeLease(links),
    listPrefix: listPrefix(links),
    watchPrefix: watchPrefix(links),
    verifyPrefix: verifyPrefix(links),
    openFence: openFence(links),
    writeBatches: writeBatches(links),
    readLease: readLease(links),
    watchOwnKeys: watchOwnKeys(links),
    close: () => links.close(),
  };
}
