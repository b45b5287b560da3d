/** What ought to be in etcd, entry by entry, and how far it is. The registry machine keeps these; status shows them. */
import type { FailureFact } from './failure.js';
import type { ShardedMap } from './sharded-map.js';

/**
 * A key that somebody takes away is put back at once so many times; after that it waits for regular audits, so that two
 * who disagree do not write as fast as they can. It ends when one of these finds the key in its place, or somebody else
 * is found to hold it.
 */
export const promptRepairsMax = 3;

/** A key that somebody wants in etcd. */
export interface DesiredEntry {
  readonly key: string;
  /** The value, or null for a leased entry whose value is the lease id. */
  readonly value: string | null;
  /** Under our lease (gone when we are gone), or for good. */
  readonly leased: boolean;
  /** A key without lease to be written first if it is absent; never deleted by us. */
  readonly parent: { readonly key: string; readonly value: string } | null;
}

/** `pending` waits to be written, `withdrawing` to be deleted; `failed` was refused by etcd. */
export type RegistrationState = 'pending' | 'written' | 'failed' | 'withdrawing';

export interface Registration extends DesiredEntry {
  readonly state: RegistrationState;
  /** Counts what was asked for this key; an answer to an older intent changes nothing. */
  readonly version: number;
  /** The lease it was last written under; null when it never was. */
  readonly leaseId: string | null;
  /** Leases, other than that, under which writes of unknown outcome were sent: it may lie under one of them instead. */
  readonly attempted: readonly string[];
  /** The flush that last wrote it. */
  readonly flush: number;
  /** True once any write of it was sent. */
  readonly sent: boolean;
  readonly attempts: number;
  readonly lastError: FailureFact | null;
  /** The first write whose outcome is unknown: the fence it compared, and the intent it served. */
  readonly ambiguous: { readonly fence: string; readonly version: number } | null;
  /** Was refused, alone or together with others; goes alone until it is written or asked for anew. */
  readonly solo: boolean;
  /** Refused together with its parent; what is tried now goes without it. */
  readonly parentRefused: boolean;
  /** Found missing by an audit: written again only if nobody else holds the key by now. */
  readonly repair: boolean;
  /** How often it was put back since the quarrel about it began, up to `promptRepairsMax`. */
  readonly repairs: number;
}

/** The registration for a new or repeated wish. */
export function wish(entry: DesiredEntry, known: Registration | undefined): Registration {
  const { key, value, leased, parent } = entry;
  return {
    key,
    value,
    leased,
    parent,
    state: 'pending',
    version: (known?.version ?? 0) + 1,
    leaseId: known?.leaseId ?? null,
    attempted: known?.attempted ?? [],
    flush: known?.flush ?? 0,
    sent: known?.sent ?? false,
    attempts: 0,
    lastError: null,
    ambiguous: known?.ambiguous ?? null,
    solo: false,
    parentRefused: false,
    repair: false,
    repairs: 0,
  };
}

/** The registration after it was withdrawn; undefined when nothing of it can be in etcd. */
export function withdrawal(known: Registration): Registration | undefined {
  if (!known.sent) return undefined;
  return {
    ...known,
    state: 'withdrawing',
    version: known.version + 1,
    attempts: 0,
    lastError: null,
    solo: false,
    repair: false,
  };
}

/** A key of ours that nobody wants: found under our lease by an audit. */
export function stray(key: string, leaseId: string): Registration {
  return {
    key,
    value: null,
    leased: true,
    parent: null,
    state: 'withdrawing',
    version: 1,
    leaseId,
    attempted: [],
    flush: 0,
    sent: true,
    attempts: 0,
    lastError: null,
    ambiguous: null,
    solo: false,
    parentRefused: false,
    repair: false,
    repairs: 0,
  };
}

/** The registration when it has to be written once more; a repair tries the parent again too, which may be missing as well. */
export function rewrite(known: Registration, repair: boolean): Registration {
  if (known.state === 'withdrawing') return known;
  return { ...known, state: 'pending', attempts: 0, parentRefused: known.parentRefused && !repair, repair };
}

/** What is wanted, and of which keys etcd may differ from it. */
export interface Desired {
  readonly registrations: ShardedMap<Registration>;
  readonly dirty: ShardedMap<true>;
}

/** Marks the registrations that `select` picks as to be written once more. */
export function dirtied(
  { registrations, dirty }: Desired,
  select: (registration: Registration) => boolean,
  mark: (registration: Registration) => Registration = (known) => rewrite(known, false),
): Desired {
  const again = [...registrations.values()].filter(select);
  return {
    registrations: registrations.with(again.map((known) => [known.key, mark(known)])),
    dirty: dirty.with(again.map((known) => [known.key, true])),
  };
}

/**
 * After the lease is lost: nobody may take for written what lies under it. What is being written under it is not called
 * written when the answer comes.
 */
export function afterLostLease(desired: Desired): Desired & { readonly lease: null } {
  return { lease: null, ...dirtied(desired, ({ leased, state }) => leased && state === 'written') };
}
