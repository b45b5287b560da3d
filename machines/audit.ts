/** What an audit asks etcd, and what its answer means for the registrations. Pure; the registry machine applies it. */
import type { FailureFact } from './failure.js';
import {
  type Desired,
  dirtied,
  promptRepairsMax,
  type Registration,
  rewrite,
  stray,
} from './registration.js';
import type { RegistryContext } from './registry-context.js';

/** What of ours etcd holds. */
export interface LeaseContent {
  /** The lease's remaining time; zero or less when it is gone. */
  readonly ttlSeconds: number;
  /** The keys under it, without our fence. */
  readonly keys: readonly string[];
  /** Of the entries without lease that were asked about, those that are not there or have another value. */
  readonly missing: readonly string[];
  /** Why others of these could not be looked at; absent when all could. */
  readonly failure?: FailureFact;
}

/** What an audit asks about. */
export interface LeaseQuestion {
  readonly leaseId: string;
  /** The entries that lie under no lease. */
  readonly unleased: readonly { readonly key: string; readonly value: string }[];
}

export interface Audit {
  readonly desired: Partial<Pick<RegistryContext, 'registrations' | 'dirty' | 'ensured'>>;
  readonly isLeaseLost: boolean;
}

/** The question of an audit that begins now. */
export function auditQuestion({ lease, registrations }: RegistryContext): LeaseQuestion {
  const unleased: { key: string; value: string }[] = [];
  for (const { key, value, leased, state } of registrations.values()) {
    if (!leased && value !== null && state === 'written') unleased.push({ key, value });
  }
  return { leaseId: lease?.leaseId ?? '', unleased };
}

/**
 * What an audit changes: entries that are missing, strays under our lease, and refusals worth another attempt; what is
 * written again is so with its parent, which may be missing too. Between two regular audits an entry is put back a few
 * times only, however often somebody deletes it.
 */
export function judgeAudit(context: RegistryContext, content: LeaseContent): Audit {
  if (context.lease === null) return { desired: {}, isLeaseLost: false };
  if (content.ttlSeconds <= 0) return { desired: {}, isLeaseLost: true };
  const { leaseId } = context.lease;
  const isRegular = context.isAuditDue;
  const [held, missing] = [new Set(content.keys), new Set(content.missing)];
  const isMissing = ({ key, leased, ...known }: Registration): boolean =>
    leased ? known.leaseId === leaseId && !held.has(key) : missing.has(key);
  const registrations: (readonly [string, Registration])[] = [];
  const dirty: (readonly [string, true])[] = [];
  const missed: (readonly [string, undefined])[] = [];
  const writeAgain = (known: Registration): void => {
    registrations.push([known.key, rewrite(known, true)]);
    dirty.push([known.key, true]);
    if (known.parent !== null) missed.push([known.parent.key, undefined]);
  };
  for (const known of context.registrations.values()) {
    if (isDenied(known)) writeAgain(known);
    if (known.state !== 'written' || known.flush > context.auditFlush) continue;
    if (!isMissing(known)) {
      if (isRegular && known.repairs > 0)
        registrations.push([known.key, { ...known, repairs: 0, lastError: null }]);
    } else if (isRegular || known.repairs < promptRepairsMax) writeAgain(known);
  }
  for (const key of content.keys.filter((each) => !context.registrations.has(each))) {
    registrations.push([key, stray(key, leaseId)]);
    dirty.push([key, true]);
  }
  return {
    desired: {
      registrations: context.registrations.with(registrations),
      dirty: context.dirty.with(dirty),
      ensured: context.ensured.with(missed),
    },
    isLeaseLost: false,
  };
}

/** What a regular audit changes that could not look: whoever may not read may still be permitted to write by now. */
export function afterBlindAudit(context: RegistryContext): Desired {
  return dirtied(context, isDenied, (known) => rewrite(known, true));
}

function isDenied({ state, lastError }: Registration): boolean {
  return state === 'failed' && lastError?.kind === 'denied';
}
