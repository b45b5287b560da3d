/** What the answer to one transaction means for the registrations it served. Pure; the registry machine applies it. */
import { type FailureFact, isOutcomeUnknown, isTransient } from './failure.js';
import type { Registration } from './registration.js';
import type { Revision } from './revision.js';
import type { ShardedMap } from './sharded-map.js';
import type { WriteBatch, WriteOperation } from './write-plan.js';

/** How etcd answered one transaction. */
export type BatchOutcome =
  /** Applied. `foreign` are the keys left alone because somebody else has taken them over. */
  | { readonly type: 'applied'; readonly revision: Revision; readonly foreign: readonly string[] }
  /** Not applied: the fence has another value, or is gone (null). */
  | { readonly type: 'fenced'; readonly fence: string | null }
  | { readonly type: 'failed'; readonly failure: FailureFact };

/** What the registry tells about registrations: one event per answer, never one per key. */
export type RegistrationNews =
  | { readonly type: 'registration.written'; readonly keys: readonly string[]; readonly leaseId: string }
  | { readonly type: 'registration.withdrawn'; readonly keys: readonly string[] }
  | { readonly type: 'registration.conflicted'; readonly keys: readonly string[] }
  | {
      readonly type: 'registration.failed';
      readonly keys: readonly string[];
      readonly failure: FailureFact;
      readonly willRetry: boolean;
    };

/** The fence of this process: a key under our lease that every write compares. */
export type Fence =
  | { readonly status: 'unopened' }
  | { readonly status: 'open'; readonly value: string }
  /** etcd does not permit us to keep one; the audit is the only guard. */
  | { readonly status: 'denied' };

export interface FlushState {
  readonly registrations: ShardedMap<Registration>;
  readonly dirty: ShardedMap<true>;
  readonly ensured: ShardedMap<true>;
  readonly lease: { readonly leaseId: string; readonly generation: number } | null;
  readonly fence: Fence;
  readonly flush: number;
  /** The lease that the transactions of this flush write under; the lease in use may be another by the time they are answered. */
  readonly flushLease: string;
  /** How many transactions of this flush have to be tried again. */
  readonly retries: number;
}

export interface FlushStep {
  readonly state: FlushState;
  readonly news: readonly RegistrationNews[];
}

type Change<V> = readonly [string, V | undefined];

/** The state after one answer, and what there is to tell. */
export function applyOutcome(state: FlushState, batch: WriteBatch, outcome: BatchOutcome): FlushStep {
  switch (outcome.type) {
    case 'applied':
      return applied(state, batch, outcome.foreign);
    case 'fenced': {
      const fence: Fence =
        outcome.fence === null ? { status: 'unopened' } : { status: 'open', value: outcome.fence };
      return { state: { ...state, fence, retries: state.retries + 1 }, news: [] };
    }
    case 'failed':
      return failed(state, batch, outcome.failure);
  }
}

function applied(state: FlushState, batch: WriteBatch, foreign: readonly string[]): FlushStep {
  const leaseId = state.flushLease;
  const registrations: Change<Registration>[] = [];
  const dirty: Change<true>[] = [];
  const ensured: Change<true>[] = [];
  const written: string[] = [];
  const withdrawn: string[] = [];
  const conflicted: string[] = [];
  for (const operation of batch.operations) {
    if (operation.type === 'ensure') {
      ensured.push([operation.key, true]);
      continue;
    }
    const registration = state.registrations.get(operation.key);
    if (registration === undefined) continue;
    const isStale = operation.type === 'put' && operation.leased && leaseId !== state.lease?.leaseId;
    const isCurrent = !isStale && batch.versions.get(operation.key) === registration.version;
    if (operation.type === 'put') {
      const isForeign = foreign.includes(operation.key);
      const put = { isCurrent, isForeign, leaseId, flush: state.flush };
      registrations.push([operation.key, afterPut(registration, put)]);
      if (isCurrent && !isForeign) written.push(operation.key);
      if (isForeign && registration.leased && registration.lastError?.kind !== 'conflict') conflicted.push(operation.key);
    } else if (isCurrent) {
      registrations.push([operation.key, undefined]);
      withdrawn.push(operation.key);
      if (foreign.includes(operation.key)) conflicted.push(operation.key);
    }
    if (isCurrent) dirty.push([operation.key, undefined]);
  }
  const news: RegistrationNews[] = [];
  if (written.length > 0) news.push({ type: 'registration.written', keys: written, leaseId });
  if (withdrawn.length > 0) news.push({ type: 'registration.withdrawn', keys: withdrawn });
  if (conflicted.length > 0) news.push({ type: 'registration.conflicted', keys: conflicted });
  return {
    state: {
      ...state,
      registrations: state.registrations.with(registrations),
      dirty: state.dirty.with(dirty),
      ensured: state.ensured.with(ensured),
      fence: batch.fenceBump === null ? state.fence : { status: 'open', value: batch.fenceBump },
    },
    news,
  };
}

interface PutAnswer {
  readonly isCurrent: boolean;
  readonly isForeign: boolean;
  readonly leaseId: string;
  readonly flush: number;
}

function afterPut(registration: Registration, put: PutAnswer): Registration {
  const leaseId = registration.leased ? put.leaseId : null;
  const touched = { ...registration, leaseId, sent: true, flush: put.flush };
  if (!put.isCurrent) return touched;
  // A key without lease that is there already belongs to nobody in particular.
  const lastError = put.isForeign && registration.leased ? conflict : null;
  return { ...touched, state: 'written', attempts: 0, lastError, solo: false, repair: false };
}

const conflict: FailureFact = { kind: 'conflict', message: 'another process has written this key' };

function failed(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  if (failure.kind === 'leaseLost') {
    return { state: { ...state, lease: null, fence: { status: 'unopened' } }, news: [] };
  }
  if (isOutcomeUnknown(failure) || isTransient(failure)) return failedForNow(state, batch, failure);
  return refused(state, batch, failure);
}

function failedForNow(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const fence = state.fence.status === 'open' ? state.fence.value : null;
  const keys = [...batch.versions.keys()];
  const changes = keys.flatMap((key): Change<Registration>[] => {
    const registration = state.registrations.get(key);
    if (registration === undefined) return [];
    // The first of them counts: an attempt to overtake it that fails as well does not make it harmless.
    const isFirst = registration.ambiguous?.fence !== fence;
    const ambiguous =
      fence !== null && isOutcomeUnknown(failure) && isFirst
        ? { fence, version: batch.versions.get(key) ?? registration.version }
        : registration.ambiguous;
    const attempts = registration.attempts + 1;
    const attempted = isOutcomeUnknown(failure)
      ? afterAttempt(registration, state.flushLease)
      : registration.attempted;
    return [[key, { ...registration, sent: true, attempts, lastError: failure, ambiguous, attempted }]];
  });
  return {
    state: { ...state, registrations: state.registrations.with(changes), retries: state.retries + 1 },
    news: [{ type: 'registration.failed', keys, failure, willRetry: true }],
  };
}

/** A lease that we have given up ends within its TTL, so the last few are all that can still matter. */
const attemptedMax = 3;

function afterAttempt({ leased, attempted }: Registration, lease: string): readonly string[] {
  if (!leased) return attempted;
  return [...attempted.filter((known) => known !== lease), lease].slice(-attemptedMax);
}

/** etcd will not take this transaction, ever: find the entry that is at fault, and let it fail alone. */
function refused(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const [first, ...others] = [...batch.versions.keys()];
  if (first === undefined) return { state, news: [] };
  if (others.length > 0) {
    const changes = [first, ...others].flatMap((key): Change<Registration>[] => {
      const registration = state.registrations.get(key);
      return registration === undefined ? [] : [[key, { ...registration, solo: true }]];
    });
    return { state: { ...state, registrations: state.registrations.with(changes) }, news: [] };
  }
  const parents = batch.operations.filter((operation) => operation.type === 'ensure');
  if (parents.length > 0) {
    const given = parents.map((operation): Change<true> => [operation.key, true]);
    return { state: { ...state, ensured: state.ensured.with(given) }, news: [] };
  }
  return refusedAlone(
    state,
    { key: first, operation: batch.operations[0], version: batch.versions.get(first) ?? 0 },
    failure,
  );
}

function refusedAlone(
  state: FlushState,
  at: { readonly key: string; readonly operation: WriteOperation | undefined; readonly version: number },
  failure: FailureFact,
): FlushStep {
  const registration = state.registrations.get(at.key);
  if (registration === undefined || registration.version !== at.version) return { state, news: [] };
  const isWithdrawal = at.operation?.type === 'delete';
  const next: Registration = {
    ...registration,
    state: isWithdrawal ? 'withdrawing' : 'failed',
    attempts: registration.attempts + 1,
    lastError: failure,
  };
  return {
    state: {
      ...state,
      registrations: state.registrations.with([[at.key, next]]),
      dirty: isWithdrawal ? state.dirty : state.dirty.with([[at.key, undefined]]),
      retries: isWithdrawal ? state.retries + 1 : state.retries,
    },
    news: [{ type: 'registration.failed', keys: [at.key], failure, willRetry: isWithdrawal }],
  };
}
