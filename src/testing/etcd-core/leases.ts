/** Leases: who holds which keys, and until when. Time is given, never asked for. Deleting the keys is the core's part. */
import { bytesOf } from './bytes.js';
import type { LeaseTimeToLiveResponse } from './messages.js';
import { refusal } from './refusal.js';

/** The shortest time etcd grants: one and a half election timeouts of a second, rounded up. */
const leaseTtlSecondsMin = 2;
const leaseTtlSecondsMax = 9_000_000_000;

export interface Lease {
  readonly id: string;
  readonly ttlSeconds: number;
  /** Ordered text of the keys attached now. */
  readonly keys: Set<string>;
  expiresAtMs: number;
}

/** A lease id in its one spelling: a decimal int64. */
export function leaseId(id: string | number | undefined): string {
  return BigInt.asIntN(64, BigInt(id ?? 0)).toString();
}

/** The id of "no lease". */
export const noLease = '0';

export class Leases {
  readonly #leases = new Map<string, Lease>();
  #granted = 0n;

  get(id: string): Lease | undefined {
    return this.#leases.get(id);
  }

  /** All leases, the one that expires first in front. */
  all(): Lease[] {
    return [...this.#leases.values()].sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  }

  /** Grants under the id the client chose, or under the next one of ours when it chose none. */
  grant(chosenId: string, ttlSeconds: number, nowMs: number): Lease {
    const id = chosenId === noLease ? this.#nextId() : chosenId;
    if (ttlSeconds > leaseTtlSecondsMax) throw refusal('leaseTtlTooLarge');
    if (this.#leases.has(id)) throw refusal('leaseExists');
    const ttl = Math.max(ttlSeconds, leaseTtlSecondsMin);
    const lease = { id, ttlSeconds: ttl, keys: new Set<string>(), expiresAtMs: nowMs + ttl * 1000 };
    this.#leases.set(id, lease);
    return lease;
  }

  /** Renews to the full time, or answers undefined when the lease is unknown. */
  renew(id: string, nowMs: number): Lease | undefined {
    const lease = this.#leases.get(id);
    if (lease) lease.expiresAtMs = nowMs + lease.ttlSeconds * 1000;
    return lease;
  }

  /** Forgets the lease; its keys, in order, are the caller's to delete. */
  end(id: string): string[] {
    const lease = this.#leases.get(id);
    if (!lease) throw refusal('leaseNotFound');
    this.#leases.delete(id);
    return [...lease.keys].sort();
  }

  /** What etcd tells of a lease: whole seconds left (-1 if it is unknown), those granted, and on request its keys. */
  timeToLive(id: string, nowMs: number, withKeys: boolean): Omit<LeaseTimeToLiveResponse, 'header'> {
    const lease = this.#leases.get(id);
    const leftMs = lease ? Math.max(0, lease.expiresAtMs - nowMs) : -1000;
    return {
      ID: id,
      TTL: String(Math.floor(leftMs / 1000)),
      grantedTTL: String(lease?.ttlSeconds ?? 0),
      keys: lease && withKeys ? [...lease.keys].sort().map(bytesOf) : [],
    };
  }

  /** Moves a key from one lease to another; either may be none. */
  move(key: string, fromId: string, toId: string): void {
    if (fromId === toId) return;
    this.#leases.get(fromId)?.keys.delete(key);
    this.#leases.get(toId)?.keys.add(key);
  }

  /** What a restarted or newly elected etcd does: every lease has its full time again. */
  refreshAll(nowMs: number): void {
    for (const id of this.#leases.keys()) this.renew(id, nowMs);
  }

  /** The lease whose time is up, the longest overdue first. */
  overdue(nowMs: number): Lease | undefined {
    const first = this.#first();
    return first && first.expiresAtMs <= nowMs ? first : undefined;
  }

  /** When the next lease runs out, or undefined without leases. */
  nextExpiryMs(): number | undefined {
    return this.#first()?.expiresAtMs;
  }

  clear(): void {
    this.#leases.clear();
  }

  #first(): Lease | undefined {
    let first: Lease | undefined;
    for (const lease of this.#leases.values())
      if (!first || lease.expiresAtMs < first.expiresAtMs) first = lease;
    return first;
  }

  #nextId(): string {
    do this.#granted++;
    while (this.#leases.has(idOf(this.#granted)));
    return idOf(this.#granted);
  }
}

/** etcd draws its ids from the clock and the member; ours only need to be as large and as odd-looking. */
function idOf(count: bigint): string {
  return (7_587_860_000_000_000_000n + count * 7919n).toString();
}
