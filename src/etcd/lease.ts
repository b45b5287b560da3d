/** Fills the lease's ports, and the audit's: grant, renew, revoke, and what lies under a lease. */
import {
  type AskSignal,
  failureOf,
  type LeaseAnswer,
  type LeaseContent,
  type LeaseQuestion,
  type RequestPort,
  request,
} from '../../machines/index.js';
import { failureFrom, isLeaseExists } from './failure.js';
import type { EtcdLink, LinkInUse } from './link.js';
import { fenceKey } from './settings.js';
import { bytesOf, textOf } from './text.js';

/** etcd's default `--max-txn-ops`. */
const rangesMax = 128;
/** So often in one audit a denied question is divided to find out which entry may not be read. */
const divisionsMax = 64;

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

/** What of ours etcd holds: the lease, the keys under it without our fence, and of the others those that are missing. */
export function readLease(links: LinkInUse): RequestPort<LeaseContent, LeaseQuestion> {
  return request<LeaseContent, LeaseQuestion>(async ({ input, signal }) => {
    const link = links.current();
    const answer = await link.call(signal, (to, options) =>
      to.lease.leaseTimeToLive({ ID: input.leaseId, keys: true }, options),
    );
    const fence = fenceKey(link.settings, input.leaseId);
    return {
      ttlSeconds: Number(answer.TTL),
      keys: answer.keys.map(textOf).filter((key) => key !== fence),
      ...(await missingOf(link, input.unleased, signal)),
    };
  });
}

type Missing = Pick<LeaseContent, 'missing' | 'failure'>;

/** Which of these entries are not there, or have another value. Reads only; several at once. */
async function missingOf(
  link: EtcdLink,
  entries: LeaseQuestion['unleased'],
  signal: AskSignal,
): Promise<Missing> {
  let found: Missing = { missing: [] };
  const left = { divisions: divisionsMax };
  for (let at = 0; at < entries.length; at += rangesMax) {
    found = both(found, await missingAmong(link, entries.slice(at, at + rangesMax), signal, left));
  }
  return found;
}

/** One entry that may not be read has all be refused that are asked for with it: these are then asked for by halves. */
async function missingAmong(
  link: EtcdLink,
  entries: LeaseQuestion['unleased'],
  signal: AskSignal,
  left: { divisions: number },
): Promise<Missing> {
  const success = entries.map(({ key }) => ({ request_range: { key: bytesOf(key) } }));
  try {
    const answer = await link.call(signal, (to, options) => to.kv.txn({ success }, options));
    const isMissing = (value: string, index: number): boolean => {
      const found = answer.responses[index]?.response_range?.kvs[0];
      return found === undefined || textOf(found.value) !== value;
    };
    return { missing: entries.flatMap(({ key, value }, index) => (isMissing(value, index) ? [key] : [])) };
  } catch (thrown) {
    const { kind, message } = failureOf(failureFrom(thrown));
    if (kind !== 'denied') throw thrown;
    if (entries.length === 1 || left.divisions === 0) return { missing: [], failure: { kind, message } };
    left.divisions -= 1;
    const half = Math.ceil(entries.length / 2);
    const first = await missingAmong(link, entries.slice(0, half), signal, left);
    return both(first, await missingAmong(link, entries.slice(half), signal, left));
  }
}

function both(one: Missing, other: Missing): Missing {
  return { ...one, ...other, missing: [...one.missing, ...other.missing] };
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
