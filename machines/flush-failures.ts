/** What a transaction that failed, or was never answered, means for the registrations it served. */
import { type FailureFact, isOutcomeUnknown, isTransient } from './failure.js';
import { closedFence, type Fence } from './fence.js';
import type { Change, FlushState, FlushStep, FlushTerms } from './flush.js';
import { afterLostLease, type Registration } from './registration.js';
import type { ShardedMap } from './sharded-map.js';
import type { WriteBatch, WriteOperation } from './write-plan.js';

/** True while the lease that the flush writes under is the one in use. */
export function isLeaseInUse(state: FlushState): boolean {
  return state.lease?.leaseId === state.terms.leaseId;
}

/** The fence of a lease that is not in use any more says nothing about ours. */
export function fenceFound(state: FlushState, found: string | null): Fence {
  if (!isLeaseInUse(state)) return state.fence;
  return found === null ? { status: 'unopened' } : { status: 'open', value: found };
}

/** What is known of the registrations after something happened to those that the transaction served, at these versions. */
function afterBatch(
  { registrations }: FlushState,
  { versions }: WriteBatch,
  change: (known: Registration, version: number) => Registration,
): ShardedMap<Registration> {
  const changes = [...versions].flatMap(([key, version]): Change<Registration>[] => {
    const known = registrations.get(key);
    return known === undefined ? [] : [[key, change(known, version)]];
  });
  return registrations.with(changes);
}

/** The state after the link broke before these were answered: nobody knows whether etcd has applied them. */
export function applySilence(state: FlushState, batches: readonly WriteBatch[], reason: string): FlushStep {
  const failure: FailureFact = { kind: 'unreachable', message: reason };
  return batches.reduce<FlushStep>(
    (before, batch) => {
      const step = failedForNow(before.state, batch, failure);
      return { state: step.state, news: [...before.news, ...step.news] };
    },
    { state, news: [] },
  );
}

/** The state after etcd has not applied a transaction, or has not said whether it did. */
export function failed(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  if (failure.kind === 'leaseLost') {
    if (!isLeaseInUse(state)) return { state, news: [] };
    return { state: { ...state, ...afterLostLease(state), fence: closedFence(state.fence) }, news: [] };
  }
  if (isOutcomeUnknown(failure) || isTransient(failure)) return failedForNow(state, batch, failure);
  const step = failure.kind === 'denied' ? denied(state, batch, failure) : refused(state, batch, failure);
  // Whoever shares a transaction with what is refused, be it a parent, does not wait for how often something else was tried.
  return batch.operations.length > 1 ? { ...step, state: { ...step.state, attempt: 0 } } : step;
}

/** The state after etcd denied a transaction: for its entries, if the fence that it compares is known to be permitted. */
function denied(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  if (isFenceInDoubt(state)) return withoutFence(state, batch, failure);
  const step = refused(state, batch, failure);
  // As long as the entry at fault is looked for, that it is not the fence stays known.
  return step.news.length > 0 ? step : { ...step, state: { ...step.state, fenceFlush: state.flush } };
}

/** Every transaction compares the fence, so that all of them are denied when we may not read it any more. */
function isFenceInDoubt({ terms, flush, fenceFlush }: FlushState): boolean {
  return terms.fence !== null && flush > fenceFlush + 1;
}

/** Whether the fence or an entry is denied will be known when the fence was opened again; until then it is noted for both. */
function withoutFence(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const registrations = afterBatch(state, batch, (known) => ({ ...known, lastError: failure }));
  const fence = fenceFound(state, null);
  return { state: { ...state, registrations, fence, retries: state.retries + 1 }, news: [] };
}

function failedForNow(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const registrations = afterBatch(state, batch, (known, version) => {
    const doubts = isOutcomeUnknown(failure) ? doubted(known, version, state.terms) : {};
    return { ...known, sent: true, attempts: known.attempts + 1, lastError: failure, ...doubts };
  });
  // Whoever has asked for something else meanwhile does not wait for this answer.
  const awaited = [...batch.versions.keys()].filter(
    (key) => state.registrations.get(key)?.version === batch.versions.get(key),
  );
  return {
    state: { ...state, registrations, retries: state.retries + 1 },
    news:
      awaited.length > 0 ? [{ type: 'registration.failed', keys: awaited, failure, willRetry: true }] : [],
  };
}

/** A lease that we have given up ends within its TTL, so the last few are all that can still matter. */
const attemptedMax = 3;

/**
 * Remembers a write of unknown outcome, and the lease it was made under. Of several that compare the same fence the
 * first counts: for as long as it may be applied late it does not matter what came after it:
 *
 *     put (no answer) … delete that moves the fence (no answer) … delete that does not (applied) … put (applied late)
 */
function doubted(
  known: Registration,
  version: number,
  { leaseId, fence }: FlushTerms,
): Pick<Registration, 'ambiguous' | 'attempted'> {
  const isKnown = fence === null || known.ambiguous?.fence === fence;
  const others = known.attempted.filter((attempted) => attempted !== leaseId);
  return {
    ambiguous: isKnown ? known.ambiguous : { fence, version },
    attempted: known.leased ? [...others, leaseId].slice(-attemptedMax) : known.attempted,
  };
}

/** etcd will not take this transaction, ever: find the entry that is at fault, and let it fail alone. */
function refused(state: FlushState, batch: WriteBatch, failure: FailureFact): FlushStep {
  const [first, ...others] = [...batch.versions.keys()];
  if (first === undefined) return { state, news: [] };
  if (others.length > 0) {
    const registrations = afterBatch(state, batch, (known) => ({ ...known, solo: true }));
    return { state: { ...state, registrations }, news: [] };
  }
  const registration = state.registrations.get(first);
  if (registration === undefined || registration.version !== batch.versions.get(first))
    return { state, news: [] };
  if (batch.operations.some(({ type }) => type === 'ensure')) {
    const orphan = { ...registration, parentRefused: true };
    return { state: { ...state, registrations: state.registrations.with([[first, orphan]]) }, news: [] };
  }
  return refusedAlone(state, registration, batch.operations[0], failure);
}

function refusedAlone(
  state: FlushState,
  registration: Registration,
  operation: WriteOperation | undefined,
  failure: FailureFact,
): FlushStep {
  const { key } = registration;
  const isWithdrawal = operation?.type === 'delete';
  const next: Registration = {
    ...registration,
    state: isWithdrawal ? 'withdrawing' : 'failed',
    // Also when it was alone by chance: it will most likely be refused again.
    solo: true,
    attempts: registration.attempts + 1,
    lastError: failure,
  };
  return {
    state: {
      ...state,
      registrations: state.registrations.with([[key, next]]),
      dirty: isWithdrawal ? state.dirty : state.dirty.with([[key, undefined]]),
      retries: isWithdrawal ? state.retries + 1 : state.retries,
    },
    news: [{ type: 'registration.failed', keys: [key], failure, willRetry: isWithdrawal }],
  };
}
