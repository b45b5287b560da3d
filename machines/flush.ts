/** What the answer to one transaction means for the registrations it served. Pure; the registry machine applies it. */
import type { FailureFact } from './failure.js';
import type { Fence } from './fence.js';
import { failed, fenceFound, isLeaseInUse } from './flush-failures.js';
import { promptRepairsMax, type Registration } from './registration.js';
import type { Revision } from './revision.js';
import type { ShardedMap } from './sharded-map.js';
import type { WriteBatch } from './write-plan.js';

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

/** What a flush writes under; facts of its answers hold for these, whatever is in use by then. */
export interface FlushTerms {
  readonly leaseId: string;
  /** The value that its transactions compare; null without a fence. */
  readonly fence: string | null;
}

export interface FlushState {
  readonly registrations: ShardedMap<Registration>;
  readonly dirty: ShardedMap<true>;
  readonly ensured: ShardedMap<true>;
  readonly lease: { readonly leaseId: string; readonly generation: number } | null;
  readonly fence: Fence;
  /** What is denied in the flush after this one is not the fence: etcd has permitted it, or an entry at fault is being looked for. */
  readonly fenceFlush: number;
  /** Of the running flush, or of the last one. */
  readonly terms: FlushTerms;
  readonly flush: number;
  /** How many transactions of this flush have to be tried again. */
  readonly retries: number;
  /** How many flushes in a row had something to try again, since one refused several operations at once; the backoff grows with it. */
  readonly attempt: number;
}

export interface FlushStep {
  readonly state: FlushState;
  readonly news: readonly RegistrationNews[];
}

/** A key with what it is now; undefined when nothing is left of it. */
export type Change<V> = readonly [string, V | undefined];

/** The state after one answer, and what there is to tell. */
export function applyOutcome(state: FlushState, batch: WriteBatch, outcome: BatchOutcome): FlushStep {
  switch (outcome.type) {
    case 'applied':
      return applied(state, batch, outcome.foreign);
    case 'fenced':
      return {
        state: { ...state, fence: fenceFound(state, outcome.fence), retries: state.retries + 1 },
        news: [],
      };
    case 'failed':
      return failed(state, batch, outcome.failure);
  }
}

function applied(state: FlushState, batch: WriteBatch, foreign: readonly string[]): FlushStep {
  const { leaseId } = state.terms;
  const registrations: Change<Registration>[] = [];
  const dirty: Change<true>[] = [];
  const ensured: Change<true>[] = [];
  const written: string[] = [];
  const withdrawn: string[] = [];
  const conflicted: string[] = [];
  for (const operation of batch.operations) {
    if (operation.type === 'ensure') ensured.push([operation.key, true]);
    const registration = state.registrations.get(operation.key);
    if (operation.type === 'ensure' || registration === undefined) continue;
    const isCurrent = batch.versions.get(operation.key) === registration.version;
    if (operation.type === 'put') {
      const isDone = isCurrent && (!operation.leased || isLeaseInUse(state));
      const isForeign = foreign.includes(operation.key);
      const put = { isDone, isForeign, leaseId: operation.leased ? leaseId : null, flush: state.flush };
      const next = afterPut(registration, put);
      registrations.push([operation.key, next]);
      if (isDone) dirty.push([operation.key, undefined]);
      if (isDone && !isForeign) written.push(operation.key);
      if (isContested(next) && !isContested(registration)) conflicted.push(operation.key);
    } else if (isCurrent) {
      registrations.push([operation.key, undefined]);
      dirty.push([operation.key, undefined]);
      withdrawn.push(operation.key);
      if (foreign.includes(operation.key)) conflicted.push(operation.key);
    }
  }
  return {
    state: {
      ...state,
      registrations: state.registrations.with(registrations),
      dirty: state.dirty.with(dirty),
      ensured: state.ensured.with(ensured),
      fence: batch.fenceBump === null ? state.fence : fenceFound(state, batch.fenceBump),
    },
    news: newsOf({ written, withdrawn, conflicted }, leaseId),
  };
}

/** One event for each kind of thing that happened; none for what did not. */
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

interface PutAnswer {
  /** It serves the present intent, and what was written will last. */
  readonly isDone: boolean;
  readonly isForeign: boolean;
  readonly leaseId: string | null;
  readonly flush: number;
}

function afterPut(registration: Registration, put: PutAnswer): Registration {
  const touched = { leaseId: put.leaseId, sent: true, flush: put.flush };
  if (!put.isDone) return { ...registration, ...touched };
  // Whoever holds the key does not take it away; when that ends, it is put back at once.
  const repairs = put.isForeign
    ? 0
    : Math.min(registration.repairs + Number(registration.repair), promptRepairsMax);
  const lastError = put.isForeign ? held : repairs < promptRepairsMax ? null : takenAway;
  return {
    ...registration,
    ...touched,
    state: 'written',
    attempts: 0,
    lastError,
    solo: false,
    repair: false,
    repairs,
  };
}

/** Somebody else holds the key, or takes it away again and again; told when that begins. */
function isContested({ lastError }: Registration): boolean {
  return lastError?.kind === 'conflict';
}

const held: FailureFact = { kind: 'conflict', message: 'another process has written this key' };

const takenAway: FailureFact = { kind: 'conflict', message: 'somebody takes this key away again and again' };
