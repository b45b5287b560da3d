/** What the registry machine knows, is told and tells; and how its desired state changes. Pure functions, no machine here. */
import type { FailureFact } from './failure.js';
import { closedFence, isDeniedFence } from './fence.js';
import type { BatchOutcome, FlushState, FlushTerms, RegistrationNews } from './flush.js';
import type { LeaseNews } from './lease-setup.js';
import type { LinkNews } from './link.js';
import {
  type Desired,
  type DesiredEntry,
  dirtied,
  type Registration,
  rewrite,
  wish,
  withdrawal,
} from './registration.js';
import { ShardedMap } from './sharded-map.js';
import type { WriteBatch } from './write-plan.js';

export interface OpenedFence {
  readonly fence: string;
  /** Identity of the sentinel key, which is written with the fence if nobody has written one; null if unknown. */
  readonly sentinel: string | null;
}

export type RegistryCommand =
  | { readonly type: 'registry.register'; readonly entries: readonly DesiredEntry[] }
  | { readonly type: 'registry.withdraw'; readonly keys: readonly string[] }
  | { readonly type: 'registry.close' };

export interface BatchAnswered {
  readonly type: 'batch.answered';
  readonly batch: number;
  readonly outcome: BatchOutcome;
}

/** Raised inside the machine. */
export type RegistrySignal =
  | {
      readonly type: 'child.ended';
      readonly child: 'connection' | 'lease';
      readonly failure: FailureFact | null;
    }
  /** The fence was opened, which was denied before. */
  | { readonly type: 'fence.permitted'; readonly leaseId: string }
  | { readonly type: 'publishing.stop' }
  | { readonly type: 'registry.ended' }
  | { readonly type: 'machine.failed'; readonly failure: FailureFact };

export type RegistryNews =
  | RegistrationNews
  | LinkNews
  | Exclude<LeaseNews, { readonly type: 'lease.renewed' }>
  | { readonly type: 'registry.failed'; readonly failure: FailureFact };

export interface RegistryInput {
  readonly endpoints: readonly string[];
  readonly ttlSeconds: number;
  readonly leaseSeed: string;
}

export interface RegistryContext extends FlushState {
  readonly input: RegistryInput;
  readonly epoch: number | null;
  readonly history: number;
  /** The transactions of the running flush that are not answered yet. */
  readonly plan: readonly WriteBatch[];
  /** The last flush that was complete when the running audit was asked for. */
  readonly auditFlush: number;
  /** True from when a regular audit is due until what is asked next, for whatever reason, is answered. */
  readonly isAuditDue: boolean;
  /** How often in a row what was said to be missing could not be looked for. */
  readonly auditAttempt: number;
  /** Why the last audit could not look, or not everywhere; null when it could. */
  readonly auditError: FailureFact | null;
  /** Why nothing can be written: the fence could not be opened; or why the registry has failed. */
  readonly lastError: FailureFact | null;
}

/** Nothing is desired yet and nothing is known. */
export function initialContext(input: RegistryInput): RegistryContext {
  return {
    input,
    epoch: null,
    history: 0,
    lease: null,
    fence: { status: 'unopened' },
    fenceFlush: 0,
    terms: { leaseId: '', fence: null },
    registrations: ShardedMap.empty<Registration>(),
    dirty: ShardedMap.empty<true>(),
    ensured: ShardedMap.empty<true>(),
    plan: [],
    retries: 0,
    attempt: 0,
    flush: 0,
    auditFlush: 0,
    isAuditDue: false,
    auditAttempt: 0,
    auditError: null,
    lastError: null,
  };
}

/** After somebody asked for these entries. */
export function afterWishes(context: RegistryContext, entries: readonly DesiredEntry[]): Desired {
  return {
    registrations: context.registrations.with(
      entries.map((entry) => [entry.key, wish(entry, context.registrations.get(entry.key))]),
    ),
    dirty: context.dirty.with(entries.map((entry) => [entry.key, true])),
  };
}

/** After somebody withdrew these keys; `done` are those of which nothing was ever sent. */
export function afterWithdrawals(
  context: RegistryContext,
  keys: readonly string[],
): { readonly desired: Desired; readonly done: readonly string[] } {
  const next = keys.map((key): readonly [string, Registration | undefined] => {
    const known = context.registrations.get(key);
    return [key, known && withdrawal(isInFlight(context, key) ? { ...known, sent: true } : known)];
  });
  return {
    desired: {
      registrations: context.registrations.with(next),
      dirty: context.dirty.with(next.map(([key, registration]) => [key, registration && true])),
    },
    done: next.filter(([, registration]) => registration === undefined).map(([key]) => key),
  };
}

/** After a new lease was granted: what lies under an older one has to be written again. */
export function afterNewLease(
  context: RegistryContext,
  lease: { readonly leaseId: string; readonly generation: number },
): Pick<RegistryContext, 'registrations' | 'dirty' | 'lease' | 'fence'> {
  const isElsewhere = (known: Registration): boolean => known.leased && known.leaseId !== lease.leaseId;
  return {
    lease: { leaseId: lease.leaseId, generation: lease.generation },
    fence: closedFence(context.fence),
    ...dirtied(context, isElsewhere),
  };
}

/** At the end only withdrawals are still worth writing; the rest goes with the lease. */
export function withdrawalsOnly(context: RegistryContext): Pick<RegistryContext, 'dirty'> {
  const others = [...context.dirty.keys()].filter(
    (key) => context.registrations.get(key)?.state !== 'withdrawing',
  );
  return { dirty: context.dirty.with(others.map((key) => [key, undefined])) };
}

/** What a flush that begins now writes under. */
export function termsOf(context: RegistryContext): FlushTerms {
  return {
    leaseId: context.lease?.leaseId ?? '',
    fence: context.fence.status === 'open' ? context.fence.value : null,
  };
}

/** True when there is something to write, and a lease and a link to write it with. */
export function canFlush(context: RegistryContext): boolean {
  return context.dirty.size > 0 && hasLeaseAndLink(context);
}

/** True when there are a lease to write under or to ask about, and a link to do it over. */
export function hasLeaseAndLink({ lease, epoch }: RegistryContext): boolean {
  return lease !== null && epoch !== null;
}

function isInFlight(context: RegistryContext, key: string): boolean {
  return context.plan.some((batch) => batch.versions.has(key));
}

/** True when it is known whether there is a fence to compare. */
export function isFenceSettled({ fence: { status } }: RegistryContext): boolean {
  return status === 'open' || status === 'denied';
}

/** After the link is new. Checks that failed over the one before say nothing of this one. */
export function afterNewLink(context: RegistryContext): Pick<RegistryContext, 'fence' | 'auditAttempt'> {
  return { ...afterDenial(context), auditAttempt: 0 };
}

/** Rights may have been granted since the fence was denied: it is asked for once more. */
export function afterDenial({ fence }: RegistryContext): Pick<RegistryContext, 'fence'> {
  return { fence: isDeniedFence(fence) ? closedFence(fence) : fence };
}

/** Nothing that was written into another history counts. */
export function afterOtherHistory(
  context: RegistryContext,
): Desired & Pick<RegistryContext, 'ensured' | 'fence'> {
  const isAny = (): boolean => true;
  return {
    ...dirtied(context, isAny, (known) => ({ ...rewrite(known, false), parentRefused: false })),
    ensured: ShardedMap.empty<true>(),
    fence: closedFence(context.fence),
  };
}
