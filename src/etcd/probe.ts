/** Fills the connection's ports: opens a link, asks it one linearizable question, and follows it while it is in use. */
import {
  type AskSignal,
  type ClusterFacts,
  Failure,
  type LinkFact,
  type RequestPort,
  request,
  type StreamPort,
  stream,
} from '../../machines/index.js';
import { failureFrom } from './failure.js';
import { EtcdLink, type LinkInUse } from './link.js';
import { type EtcdSettings, sentinelKey } from './settings.js';
import { bytesOf, textOf } from './text.js';
import { Transport } from './transport.js';

const confirmTimeoutMsMax = 1_000;

/** Opens a link to an endpoint and reads through it. The link comes into use if the read succeeds, else it is closed. */
export function probeCluster(
  links: LinkInUse,
  settings: EtcdSettings,
  open: (endpoint: string) => Transport = (endpoint) => new Transport(endpoint, settings),
): RequestPort<ClusterFacts, { readonly endpoint: string }> {
  return request<ClusterFacts, { readonly endpoint: string }>(async ({ input, signal }) => {
    const link = new EtcdLink(open(input.endpoint), settings, links.renewals);
    try {
      await link.login.start(signal);
      const facts = await readCluster(link, signal);
      if (signal.aborted) throw new Failure('closed', 'the connection was closed during the probe');
      links.use(link);
      return facts;
    } catch (thrown) {
      link.close();
      throw failureFrom(thrown);
    }
  });
}

/** One more linearizable read through the link in use, with little patience: something is overdue already. */
export function confirmLink(links: LinkInUse): RequestPort<ClusterFacts, { readonly epoch: number }> {
  return request<ClusterFacts, { readonly epoch: number }>(({ signal }) => {
    const link = links.current();
    return readCluster(link, signal, Math.min(confirmTimeoutMsMax, link.settings.requestTimeoutMs));
  });
}

/** Reports trouble of the link in use, and closes it when the connection machine has had enough of it. */
export function followLink(links: LinkInUse): StreamPort<LinkFact, { readonly epoch: number }> {
  return stream<LinkFact, { readonly epoch: number }>(({ send }) => {
    const unfollow = links.current().follow((verdict, failure) => {
      send({ type: verdict === 'broken' ? 'link.broken' : 'link.doubted', failure });
    });
    return () => {
      unfollow();
      links.close();
    };
  });
}

async function readCluster(link: EtcdLink, signal: AskSignal, timeoutMs?: number): Promise<ClusterFacts> {
  const key = bytesOf(sentinelKey(link.settings));
  try {
    const answer = await link.call(signal, (to, options) => to.kv.range({ key }, options), timeoutMs);
    const found = answer.kvs[0];
    const sentinel =
      found === undefined ? null : sentinelIdentity(found.create_revision, textOf(found.value));
    return { clusterId: answer.header.cluster_id, revision: answer.header.revision, sentinel };
  } catch (thrown) {
    if (failureFrom(thrown).kind !== 'denied') throw thrown;
    const root = bytesOf(`${link.settings.root}/`);
    const answer = await link.call(signal, (to, options) => to.kv.range({ key: root }, options), timeoutMs);
    const { cluster_id: clusterId, revision } = answer.header;
    return { clusterId, revision, sentinel: null, isSentinelHidden: true };
  }
}

/** Tells one sentinel from another, also from one that was deleted and written again. */
export function sentinelIdentity(createRevision: string, value: string): string {
  return `${createRevision}:${value}`;
}
