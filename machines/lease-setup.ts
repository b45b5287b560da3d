/** The vocabulary of the lease machine: what it knows, is told and tells; its ports, delays, guards and actions. */
import { type ActorRef, assign, enqueueActions, raise, type Snapshot, setup } from 'xstate';
import { backoffMs, requestBackoff } from './backoff.js';
import type { ClockJumped } from './clock.js';
import { type FailureFact, isExpected } from './failure.js';
import type { LinkNews } from './link.js';
import { requestPort } from './port.js';

/** A grant or renewal as etcd confirmed it. */
export interface LeaseAnswer {
  /** What etcd granted, which may be more than was asked for; 0 when the lease does not exist. */
  readonly ttlSeconds: number;
  /** How long the answer took, counted from the moment the request was sent. */
  readonly answerMs: number;
}

/** What the lease machine tells its parent and its listeners. */
export type LeaseNews =
  | {
      readonly type: 'lease.alive';
      readonly leaseId: string;
      readonly generation: number;
      readonly ttlSeconds: number;
    }
  | { readonly type: 'lease.doubtful'; readonly leaseId: string }
  | { readonly type: 'lease.renewed'; readonly leaseId: string }
  | { readonly type: 'lease.expired'; readonly leaseId: string; readonly reason: string };

export type LeaseEvent =
  | LinkNews
  | ClockJumped
  | { readonly type: 'lease.wanted' }
  | { readonly type: 'lease.close' }
  /** Somebody met "requested lease not found". */
  | { readonly type: 'lease.reportedLost'; readonly leaseId: string };

/** Raised inside the machine: a renewal was acknowledged. */
type Renewed = { readonly type: 'renewal.acknowledged' };

type ParentRef = ActorRef<Snapshot<unknown>, LeaseNews>;

export interface LeaseInput {
  readonly ttlSeconds: number;
  /** A random positive int64 as decimal text; the id of generation n is derived from it. */
  readonly leaseSeed: string;
  readonly parentRef?: ParentRef;
}

export interface LeaseContext {
  readonly ttlSeconds: number;
  readonly leaseSeed: string;
  readonly epoch: number | null;
  readonly generation: number;
  /** The id in use, or the last one that was. Empty before the first grant. */
  readonly leaseId: string;
  readonly ttlMs: number;
  readonly answerMs: number;
  readonly attempt: number;
  readonly lastError: FailureFact | null;
  readonly parentRef: ParentRef | null;
}

export const setupLease = setup({
  types: {} as {
    input: LeaseInput;
    context: LeaseContext;
    events: LeaseEvent | Renewed;
    emitted: LeaseNews;
    tags: 'usable' | 'doubtful';
    output: { readonly failure: FailureFact | null };
  },
  actors: {
    grantLease: requestPort<LeaseAnswer, { readonly leaseId: string; readonly ttlSeconds: number }>(
      'grantLease',
    ),
    renewLease: requestPort<LeaseAnswer, { readonly leaseId: string }>('renewLease'),
    revokeLease: requestPort<void, { readonly leaseId: string }>('revokeLease'),
  },
  delays: {
    renewInterval: ({ context }) => context.ttlMs / 3,
    doubtDelay: ({ context }) => Math.max(0, (context.ttlMs * 2) / 3 - context.answerMs),
    lossDelay: ({ context }) => Math.max(0, Math.min(context.ttlMs / 3, context.ttlMs - context.answerMs)),
    retryBackoff: ({ context }) => backoffMs(requestBackoff, context.attempt),
    revokeTimeout: 2_000,
  },
  guards: {
    isExpected: (_, failure: FailureFact) => isExpected(failure),
    isLinked: ({ context }) => context.epoch !== null,
    isGranted: (_, answer: LeaseAnswer) => answer.ttlSeconds > 0,
    isOurs: ({ context }, { leaseId }: { leaseId: string }) => leaseId === context.leaseId,
  },
  actions: {
    rememberLink: assign((_, news: { epoch: number }) => ({ epoch: news.epoch })),
    forgetLink: assign({ epoch: null }),
    rememberGrant: assign(({ context }, answer: LeaseAnswer) => ({
      generation: context.generation + 1,
      leaseId: leaseIdOf(context.leaseSeed, context.generation + 1),
      ttlMs: answer.ttlSeconds * 1_000,
      answerMs: answer.answerMs,
      attempt: 0,
      lastError: null,
    })),
    rememberRenewal: assign((_, answer: LeaseAnswer) => ({
      ttlMs: answer.ttlSeconds * 1_000,
      answerMs: answer.answerMs,
      attempt: 0,
      lastError: null,
    })),
    rememberFailure: assign(({ context }, failure: FailureFact) => ({
      lastError: failure,
      attempt: context.attempt + 1,
    })),
    rememberLoss: assign((_, { reason }: { reason: string }) => ({
      lastError: { kind: 'leaseLost', message: reason } as const,
      attempt: 0,
    })),
    acknowledgeRenewal: raise({ type: 'renewal.acknowledged' }),
    announceAlive: enqueueActions(({ context, enqueue }) => {
      const { leaseId, generation, parentRef } = context;
      const news = { type: 'lease.alive', leaseId, generation, ttlSeconds: context.ttlMs / 1_000 } as const;
      enqueue.emit(news);
      if (parentRef) enqueue.sendTo(parentRef, news);
    }),
    announceDoubt: enqueueActions(({ context, enqueue }) => {
      const news = { type: 'lease.doubtful', leaseId: context.leaseId } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceRenewal: enqueueActions(({ context, enqueue }) => {
      const news = { type: 'lease.renewed', leaseId: context.leaseId } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceExpiry: enqueueActions(({ context, enqueue }) => {
      const reason = context.lastError?.message ?? 'the lease is gone';
      const news = { type: 'lease.expired', leaseId: context.leaseId, reason } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
  },
});

/** A grant that was repeated may meet a lease that has died meanwhile; the same id can then be granted anew. */
export const stillborn: FailureFact = {
  kind: 'leaseLost',
  message: 'the lease had ended before its grant was answered',
};

/** The id of one generation: a positive int64 as decimal text. */
export function leaseIdOf(leaseSeed: string, generation: number): string {
  const id = (BigInt(leaseSeed) + BigInt(generation)) & 0x7fff_ffff_ffff_ffffn;
  return (id === 0n ? 1n : id).toString();
}
