/** The vocabulary of the registry machine: its ports, delays, guards and actions. The regions beside it use these names. */
import { assign, emit, enqueueActions, raise, sendTo, setup } from 'xstate';
import { afterBlindAudit, judgeAudit, type LeaseContent, type LeaseQuestion } from './audit.js';
import { backoffMs, requestBackoff } from './backoff.js';
import type { ClockJumped } from './clock.js';
import { connectionMachine } from './connection.js';
import { type FailureFact, isExpected, isTransient } from './failure.js';
import { type Fence, isDeniedFence } from './fence.js';
import { applyOutcome, type FlushTerms } from './flush.js';
import { applySilence } from './flush-failures.js';
import { leaseMachine } from './lease.js';
import type { LeaseNews } from './lease-setup.js';
import type { LinkNews } from './link.js';
import { isLoss, type OwnKeysFact, type OwnKeysInput, wordsOf } from './own-keys.js';
import { requestPort, streamPort } from './port.js';
import { afterLostLease, type DesiredEntry } from './registration.js';
import {
  afterDenial,
  afterNewLease,
  afterNewLink,
  afterOtherHistory,
  afterWishes,
  afterWithdrawals,
  type BatchAnswered,
  canFlush,
  hasLeaseAndLink,
  isFenceSettled,
  type OpenedFence,
  type RegistryCommand,
  type RegistryContext,
  type RegistryInput,
  type RegistryNews,
  type RegistrySignal,
  termsOf,
  withdrawalsOnly,
} from './registry-context.js';
import { watcherHub } from './watcher-hub.js';
import { planWrites, type WriteBatch } from './write-plan.js';

export const setupRegistry = setup({
  types: {} as {
    input: RegistryInput;
    context: RegistryContext;
    events:
      | RegistryCommand
      | LinkNews
      | LeaseNews
      | BatchAnswered
      | OwnKeysFact
      | ClockJumped
      | RegistrySignal;
    emitted: RegistryNews;
    children: {
      connection: 'connection';
      lease: 'lease';
      watchers: 'watchers';
      watchOwnKeys: 'watchOwnKeys';
    };
  },
  actors: {
    connection: connectionMachine,
    lease: leaseMachine,
    watchers: watcherHub(),
    openFence: requestPort<OpenedFence, { readonly leaseId: string }>('openFence'),
    writeBatches: streamPort<BatchAnswered, FlushTerms & { readonly batches: readonly WriteBatch[] }>(
      'writeBatches',
    ),
    watchClock: streamPort<ClockJumped, undefined>('watchClock'),
    watchOwnKeys: streamPort<OwnKeysFact, OwnKeysInput>('watchOwnKeys'),
    readLease: requestPort<LeaseContent, LeaseQuestion>('readLease'),
  },
  delays: {
    flushBackoff: ({ context }) => backoffMs(requestBackoff, context.attempt),
    auditInterval: 30_000,
    auditBackoff: ({ context }) => backoffMs(requestBackoff, context.auditAttempt),
    suspicionDelay: 100,
    guardBackoff: 1_000,
    deniedRetry: 30_000,
    drainTimeout: 1_000,
    closeTimeout: 2_000,
  },
  guards: {
    isExpected: (_, failure: FailureFact) => isExpected(failure),
    isTransient: (_, failure: FailureFact) => isTransient(failure),
    isDenied: (_, failure: FailureFact) => failure.kind === 'denied',
    isLeaseLost: (_, failure: FailureFact) => failure.kind === 'leaseLost',
    canFlush: ({ context }) => canFlush(context),
    canWrite: ({ context }) => canFlush(context) && isFenceSettled(context),
    cannotFlush: ({ context }) => !canFlush(context),
    isFenced: ({ context }) => isFenceSettled(context),
    isFlushed: ({ context }) => context.plan.length === 0,
    isFlushedInPart: ({ context }) => context.plan.length === 0 && context.retries > 0,
    holdsLease: ({ context }) => context.lease !== null,
    shouldAudit: ({ context }) => context.isAuditDue && hasLeaseAndLink(context),
    cannotAudit: ({ context }) => !hasLeaseAndLink(context),
    isBetweenFlushes: ({ context }) => context.plan.length === 0,
    // Before the first write there is neither a key nor a fence to follow.
    canGuard: ({ context }) => context.flush > 0 && hasLeaseAndLink(context),
    isLoss: ({ context }, { keys }: { keys: readonly string[] }) => isLoss(context.registrations, keys),
    isPartial: (_, { failure }: LeaseContent) => failure !== undefined,
    isBug: (_, { failure }: { failure: FailureFact | null }) => failure?.kind === 'bug',
    isLeaseEnd: (_, { child }: { child: string }) => child === 'lease',
  },
  actions: {
    rememberLink: assign(({ context }, up: { epoch: number; history: number }) => ({
      epoch: up.epoch,
      ...afterNewLink(context),
      ...(up.history === context.history ? {} : { history: up.history, ...afterOtherHistory(context) }),
    })),
    forgetLink: assign({ epoch: null }),
    rememberLease: assign(({ context }, news: { leaseId: string; generation: number }) =>
      afterNewLease(context, news),
    ),
    forgetLease: assign(({ context }) => afterLostLease(context)),
    rememberWishes: assign(({ context }, { entries }: { entries: readonly DesiredEntry[] }) =>
      afterWishes(context, entries),
    ),
    rememberWithdrawals: enqueueActions(({ context, enqueue }, { keys }: { keys: readonly string[] }) => {
      const { desired, done } = afterWithdrawals(context, keys);
      enqueue.assign(desired);
      if (done.length > 0) enqueue.emit({ type: 'registration.withdrawn', keys: done });
    }),
    planFlush: assign(({ context }) => ({
      plan: planWrites({
        registrations: context.registrations,
        dirty: context.dirty.keys(),
        ensured: context.ensured,
        ...termsOf(context),
      }),
      terms: termsOf(context),
      flush: context.flush + 1,
      retries: 0,
    })),
    recordAnswer: enqueueActions(({ context, enqueue }, { batch, outcome }: BatchAnswered) => {
      const planned = context.plan.find((candidate) => candidate.id === batch);
      if (planned === undefined) return;
      if (outcome.type === 'failed' && outcome.failure.kind === 'leaseLost') {
        enqueue.sendTo('lease', { type: 'lease.reportedLost', leaseId: context.terms.leaseId });
      }
      const { state, news } = applyOutcome(context, planned, outcome);
      enqueue.assign({ ...state, plan: context.plan.filter((other) => other !== planned) });
      for (const item of news) enqueue.emit(item);
    }),
    recordSilence: enqueueActions(({ context, enqueue }, { reason }: { reason: string }) => {
      const { state, news } = applySilence(context, context.plan, reason);
      enqueue.assign({ ...state, plan: [] });
      for (const item of news) enqueue.emit(item);
    }),
    endFlush: assign(({ context }) => ({
      plan: [],
      attempt: context.retries > 0 ? context.attempt + 1 : 0,
    })),
    rememberFence: enqueueActions(({ context, enqueue }, { fence }: OpenedFence) => {
      if (isDeniedFence(context.fence))
        enqueue.raise({ type: 'fence.permitted', leaseId: context.lease?.leaseId ?? '' });
      enqueue.assign({ fence: { status: 'open', value: fence }, fenceFlush: context.flush, lastError: null });
    }),
    rememberUnfenced: assign({ fence: { status: 'denied' } as Fence, lastError: null }),
    rememberFailure: assign(({ context }, failure: FailureFact) => ({
      lastError: failure,
      attempt: context.attempt + 1,
    })),
    tellSentinel: enqueueActions(({ enqueue }, { sentinel }: OpenedFence) => {
      if (sentinel !== null) enqueue.sendTo('connection', { type: 'sentinel.seen', sentinel });
    }),
    tellLoss: enqueueActions(({ context, enqueue }) => {
      if (context.lease !== null)
        enqueue.sendTo('lease', { type: 'lease.reportedLost', leaseId: context.lease.leaseId });
    }),
    rememberAuditStart: assign(({ context }) => ({
      auditFlush: context.plan.length > 0 ? context.flush - 1 : context.flush,
    })),
    rememberAuditDue: assign({ isAuditDue: true }),
    endAudit: assign({ isAuditDue: false }),
    applyAudit: enqueueActions(({ context, enqueue }, content: LeaseContent) => {
      const { desired, isLeaseLost } = judgeAudit(context, content);
      enqueue.assign({ ...desired, auditError: content.failure ?? null, auditAttempt: 0 });
      if (isLeaseLost)
        enqueue.sendTo('lease', { type: 'lease.reportedLost', leaseId: context.lease?.leaseId ?? '' });
    }),
    rememberUnanswered: assign(({ context }, failure: FailureFact) => ({
      auditError: failure,
      auditAttempt: context.auditAttempt + 1,
    })),
    rememberUnread: assign((_, failure: FailureFact) => ({ auditError: failure })),
    retryUnseen: assign(({ context }) => afterBlindAudit(context)),
    tellOwnKeys: enqueueActions(({ context, enqueue }, answer: BatchAnswered) => {
      for (const word of wordsOf(context, answer)) enqueue.sendTo('watchOwnKeys', word);
    }),
    tellOwnFence: enqueueActions(({ context, enqueue }, { leaseId }: { leaseId: string }) => {
      if (!isDeniedFence(context.fence)) enqueue.sendTo('watchOwnKeys', { type: 'ownKeys.fenced', leaseId });
    }),
    keepWithdrawals: assign(({ context }) => withdrawalsOnly(context)),
    tellLeaseWanted: sendTo('lease', { type: 'lease.wanted' }),
    tellLease: sendTo('lease', (_, news: LinkNews | ClockJumped) => news),
    tellConnection: sendTo('connection', (_, news: ClockJumped) => news),
    tellWatchers: sendTo('watchers', (_, news: LinkNews) => news),
    closeLease: sendTo('lease', { type: 'lease.close' }),
    // Rights may have been granted meanwhile: for the fence and for what is watched. What the audit finds denied it retries.
    retryDenied: enqueueActions(({ context, enqueue }) => {
      enqueue.assign(afterDenial(context));
      enqueue.sendTo('watchers', { type: 'hub.retry' });
    }),
    closeWatchers: sendTo('watchers', { type: 'hub.close' }),
    closeConnection: sendTo('connection', { type: 'connection.close' }),
    stopPublishing: raise({ type: 'publishing.stop' }),
    endAll: raise({ type: 'registry.ended' }),
    raiseEnd: raise((_, end: { child: 'connection' | 'lease'; failure: FailureFact | null }) => ({
      type: 'child.ended' as const,
      ...end,
    })),
    raiseFailure: raise((_, failure: FailureFact) => ({ type: 'machine.failed' as const, failure })),
    rememberBug: assign((_, { failure }: { failure: FailureFact | null }) => ({ lastError: failure })),
    announce: emit((_, news: RegistryNews) => news),
  },
});
