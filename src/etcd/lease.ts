/** Fills the lease's ports, and the audit's: grant, renew, revoke, and what lies under a lease. */
import {
  failureOf,
  type LeaseAnswer,
  type LeaseContent,
  type RequestPort,
  request,
} from '../../machines/index.js';
import { failureFrom, isLeaseExists } from './failure.js';
import type { EtcdLink, LinkInUse } from './link.js';
import { fenceKey } from './settings.js';
import { textOf } from './text.js';

/** Grants a lease with the id we chose. A grant that etcd has already made for us counts, and is renewed. */
export function grantLease(
  links: LinkInUse,
): RequestPort<LeaseAnswer, { readonly leaseId: string; readonly ttlSeconds: number }> {
  return request<LeaseAnswer, { readonly leaseId: string; readonly ttlSeconds: number }>(
    async ({ input, signal }) => {
      const link = links.current();
      const sentAt = performance.now();
      const granted = await grant(link, input);
      if (signal.aborted) {
        await revoke(link, input.leaseId);
        throw failureFrom(signal.reason);
      }
      return (
        granted ?? { ...(await link.keepAlives.renew(input.leaseId)), answerMs: performance.now() - sentAt }
      );
    },
  );
}

/** Renews; answers TTL 0 when etcd does not know the lease. */
export function renewLease(links: LinkInUse): RequestPort<LeaseAnswer, { readonly leaseId: string }> {
  return request<LeaseAnswer, { readonly leaseId: string }>(({ input }) =>
    links.current().keepAlives.renew(input.leaseId),
  );
}

/** Gives the lease back, and every key under it. A lease that is gone already is fine. */
export function revokeLease(links: LinkInUse): RequestPort<void, { readonly leaseId: string }> {
  return request<void, { readonly leaseId: string }>(({ input }) => revoke(links.current(), input.leaseId));
}

/** The remaining time of a lease, and the keys under it without our fence. */
export function readLease(links: LinkInUse): RequestPort<LeaseContent, { readonly leaseId: string }> {
  return request<LeaseContent, { readonly leaseId: string }>(async ({ input, signal }) => {
    const link = links.current();
    const answer = await link.call(signal, (to, options) =>
      to.lease.leaseTimeToLive({ ID: input.leaseId, keys: true }, options),
    );
    const fence = fenceKey(link.settings, input.leaseId);
    return { ttlSeconds: Number(answer.TTL), keys: answer.keys.map(textOf).filter((key) => key !== fence) };
  });
}

async function grant(
  link: EtcdLink,
  wanted: { readonly leaseId: string; readonly ttlSeconds: number },
): Promise<LeaseAnswer | undefined> {
  const sentAt = performance.now();
  try {
    const answer = await link.call(undefined, (to, options) =>
      to.lease.leaseGrant({ ID: wanted.leaseId, TTL: wanted.ttlSeconds }, options),
    );
    return { ttlSeconds: Number(answer.TTL), answerMs: performance.now() - sentAt };
  } catch (thrown) {
    if (isLeaseExists(failureFrom(thrown))) return undefined;
    throw thrown;
  }
}

async function revoke(link: EtcdLink, leaseId: string): Promise<void> {
  try {
    await link.call(undefined, (to, options) => to.lease.leaseRevoke({ ID: leaseId }, options));
  } catch (thrown) {
    if (failureOf(thrown).kind !== 'leaseLost') throw thrown;
  }
}
