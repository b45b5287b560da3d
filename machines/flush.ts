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

/** Under what the transactions on their way were planned. An answer to them says nothing about another lease. */
export interface Terms {
  readonly leaseId: string;
  /** The fence's value that they compare; null without a fence. */
  readonly fence: string | null;
}

export interface FlushState {
  readonly registrations: ShardedMap<Registration>;
  readonly dirty: ShardedMap<true>;
  readonly ensured: ShardedMap<true>;
  readonly lease: { readonly leaseId: string; readonly generation: number } | null;
  readonly fence: Fence;
  readonly terms: Terms;
  readonly flush: number;
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
    case 'fenced':
      return { state: fenced(state, outcome.fence), news: [] };
    case 'failed':
      return failed(state, batch, outcome.failure);
  }
}

/** The terms of a new flush. */
export function termsOf({ lease, fence }: Pick<FlushState, 'lease' | 'fence'>): Terms {
  return { leaseId: lease?.leaseId ?? '', fence: fence.status === 'open' ? fence.value : null };
}

/** False once the lease was lost or replaced while the transactions were on their way. */
export function areTermsInForce({ lease, terms }: Pick<FlushState, 'lease' | 'terms'>): boolean {
  return lease?.leaseId === terms.leaseId;
}

function fenced(state: FlushState, value: string | null): FlushState {
  if (!areTermsInForce(state)) return state;
  const fence: Fence = value === null ? { status: 'unopened' } : { status: 'open', value };
  return { ...state, fence, retries: state.retries + 1 };
}

function applied(state: FlushState, batch: WriteBatch, foreign: readonly string[]): FlushStep {
  const registrations: Change<Registration>[] = [];
  const dirty: Change<true>[] = [];
  const ensured: Change<true>[] = [];
  const told = { written: [] as string[], withdrawn: [] as string[], conflicted: [] as string[] };
  for (const { type, key } of batch.operations) {
    const registration = state.registrations.get(key);
    if (type === 'ensure') ensured.push([key, true]);
    if (type === 'ensure' || registration === undefined) continue;
    const isCurrent = batch.versions.get(key) === registration.version;
    const isForeign = foreign.includes(key);
    const after = type === 'put' ? afterPut : afterDelete;
    const { next, isDone, isConflict } = after(state, registration, { isCurrent, isForeign });
    registrations.push([key, next]);
    if (isDone) dirty.push([key, undefined]);
    if (isDone && next === undefined) told.withdrawn.push(key);
    if (isDone && next !== undefined && !isForeign) told.written.push(key);
    if (isConflict) told.conflicted.push(key);
  }
  return {
    state: {
      ...state,
      registrations: state.registrations.with(registrations),
      dirty: state.dirty.with(dirty),
      ensured: state.ensured.with(ensured),
      fence: fenceAfter(state, batch),
    },
    news: newsOf(told, state.terms.leaseId),
  };
}

function fenceAfter(state: FlushState, { fenceBump }: WriteBatch): Fence {
  return fenceBump === null || !areTermsInForce(state) ? state.fence : { status: 'open', value: fenceBump };
}

function newsOf(
  told: Readonly<Record<'written' | 'withdrawn' | 'conflicted', readonly string[]>>,
  leaseId: string,
): readonly RegistrationNews[] {
  const { written, withdrawn, conflicted } = told;
  const news: RegistrationNews[] = [];
  if (written.length > 0) news.push({ type: 'registration.written', keys: written, leaseId });
  if (withdrawn.length > 0) news.push({ type: 'registration.withdrawn', keys: withdrawn });
  if (conflicted.length > 0) news.push({ type: 'registration.conflicted', keys: conflicted });
  return news;
}

interface Answer {
  /** Nothing else was asked for this key meanwhile. */
  readonly isCurrent: boolean;
  readonly isForeign: boolean;
}

interface Settlement {
  readonly next: Registration | undefined;
  readonly isDone: boolean;
  readonly isConflict: boolean;
}

function afterPut(state: FlushState, registration: Registration, answer: Answer): Settlement {
  const leaseId = registration.leased ? state.terms.leaseId : null;
  const sent = { ...registration, leaseId, sent: true, flush: state.flush };
  const isConflict = answer.isForeign && registration.lastError?.kind !== 'conflict';
  const isDone = answer.isCurrent && (!registration.leased || areTermsInForce(state));
  if (!isDone) return { next: sent, isDone, isConflict };
  const lastError = answer.isForeign ? conflict : null;
  const next = { ...sent, state: 'written', attempts: 0, lastError, solo: false, repair: false } as const;
  return { next, isDone, isConflict };
}

function afterDelete(_: FlushState, registration: Registration, answer: Answer): Settlement {
  const { isCurrent: isDone, isForeign } = answer;
  return { next: isDone ? undefined : registration, isDone, isConflict: isDone && isForeign };
}

const conflict: FailureFact = { kind: 'conflict', message: 'another process has written this key' };

function failed(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  if (failure.kind === 'leaseLost') {
    if (!areTermsInForce(state)) return { state, news: [] };
    return { state: { ...state, lease: null, fence: { status: 'unopened' } }, news: [] };
  }
  if (isOutcomeUnknown(failure) || isTransient(failure)) return failedForNow(state, batch, failure);
  return refused(state, batch, failure);
}

function failedForNow(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const { fence } = state.terms;
  const keys = [...batch.versions.keys()];
  const changes = keys.flatMap((key): Change<Registration>[] => {
    const registration = state.registrations.get(key);
    if (registration === undefined) return [];
    const ambiguous =
      fence !== null && isOutcomeUnknown(failure)
        ? { fence, version: batch.versions.get(key) ?? registration.version }
        : registration.ambiguous;
    return [
      [
        key,
        { ...registration, sent: true, attempts: registration.attempts + 1, lastError: failure, ambiguous },
      ],
    ];
  });
  return {
    state: { ...state, registrations: state.registrations.with(changes), retries: state.retries + 1 },
    news: [{ type: 'registration.failed', keys, failure, willRetry: true }],
  };
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
