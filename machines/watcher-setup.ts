/** The vocabulary of the watcher machine: what it knows, is told and tells; its ports, delays, guards and actions. */
import { type ActorRef, assign, enqueueActions, type Snapshot, setup } from 'xstate';
import { backoffMs, requestBackoff } from './backoff.js';
import type { EntryChange, Listing } from './entry.js';
import { type FailureFact, isExpected } from './failure.js';
import type { ConnectionUp, LinkNews } from './link.js';
import { requestPort, streamPort } from './port.js';
import { isAfter, type Revision } from './revision.js';
import { isAlike, type Verification } from './verification.js';

/** What the watch adapter reports, until the machine leaves the state that follows the prefix. */
export type WatchFact =
  | { readonly type: 'watch.created'; readonly revision: Revision }
  /** Whole revisions only: fragments are joined by the adapter. */
  | { readonly type: 'watch.changed'; readonly changes: readonly EntryChange[] }
  /** A periodic progress notification: everything up to this revision was delivered. */
  | { readonly type: 'watch.progressed'; readonly revision: Revision }
  | { readonly type: 'watch.compacted'; readonly compactRevision: Revision }
  | { readonly type: 'watch.broken'; readonly failure: FailureFact };

/** What a watcher tells its parent and its listeners. */
export type WatcherNews =
  | ({ readonly type: 'watcher.listed'; readonly prefix: string; readonly history: number } & Listing)
  | {
      readonly type: 'watcher.changed';
      readonly prefix: string;
      readonly revision: Revision;
      readonly changes: readonly EntryChange[];
    }
  | { readonly type: 'watcher.live'; readonly prefix: string }
  | { readonly type: 'watcher.stale'; readonly prefix: string; readonly reason: string }
  | { readonly type: 'watcher.denied'; readonly prefix: string; readonly failure: FailureFact };

export type WatcherEvent = LinkNews | WatchFact | { readonly type: 'watcher.close' };

type ParentRef = ActorRef<Snapshot<unknown>, WatcherNews>;

export interface WatcherInput {
  /** Ends with `/`, so that it does not match its neighbours. */
  readonly prefix: string;
  /** The link in use, or null while there is none. */
  readonly link: { readonly epoch: number; readonly history: number } | null;
  readonly parentRef?: ParentRef;
  /** What the watcher knew whose place this one takes. */
  readonly past?: WatcherPast;
}

/** What those who watch the prefix were told, and what tells a replaced history from that one. */
export type WatcherPast = Pick<WatcherContext, 'history' | 'listedUnder' | 'revision' | 'size' | 'told'>;

export interface WatcherContext {
  readonly prefix: string;
  readonly epoch: number | null;
  /** Counts the histories of etcd that this copy has been through; never goes back. */
  readonly history: number;
  /** The connection's count of histories, as of its last `connection.up`. */
  readonly linkHistory: number;
  /** The copy was listed over this link, or a sentinel tells that it is of the history behind it. */
  readonly isProven: boolean;
  /**
   * The connection's count when the copy was listed; null before the first listing, and -1 when the copy turned out to
   * belong to a history that the connection has not noticed.
   */
  readonly listedUnder: number | null;
  /** The connection's count under which the watch may go on after the copy; null when only a listing helps. */
  readonly resumableUnder: number | null;
  /** The resume point; null before the first listing. */
  readonly revision: Revision | null;
  readonly size: number;
  /** What our listeners knew when the copy was last live: how many keys, of which history. */
  readonly told: { readonly size: number; readonly history: number };
  /** How often the copy was compared with etcd since the watch was resumed. */
  readonly comparisons: number;
  readonly attempt: number;
  readonly lastError: FailureFact | null;
  readonly parentRef: ParentRef | null;
}

/** After so many comparisons that events overtook, a listing is the faster way to be sure. */
const comparisonsMax = 3;

/** No count of the connection: etcd contradicts the copy, so what is listed next is another history. */
const contradicted = -1;

export const setupWatcher = setup({
  types: {} as {
    input: WatcherInput;
    context: WatcherContext;
    events: WatcherEvent;
    emitted: WatcherNews;
    tags: 'live' | 'stale';
    output: { readonly failure: FailureFact | null };
  },
  actors: {
    listPrefix: requestPort<Listing, { readonly prefix: string }>('listPrefix'),
    watchPrefix: streamPort<WatchFact, { readonly prefix: string; readonly fromRevision: Revision }>(
      'watchPrefix',
    ),
    verifyPrefix: requestPort<Verification, { readonly prefix: string; readonly revision: Revision }>(
      'verifyPrefix',
    ),
  },
  delays: {
    retryBackoff: ({ context }) => backoffMs(requestBackoff, context.attempt),
    verifyPatience: 1_000,
    emptyProtection: 30_000,
  },
  guards: {
    isExpected: (_, failure: FailureFact) => isExpected(failure),
    isDenied: (_, failure: FailureFact) => failure.kind === 'denied',
    isLinked: ({ context }) => context.epoch !== null,
    canResume: ({ context }) => context.resumableUnder === context.linkHistory,
    canResumeOn: ({ context }, { history }: { history: number }) => context.resumableUnder === history,
    isNewer: ({ context }, { revision }: { revision: Revision }) =>
      isAfter(revision, context.revision ?? '0'),
    hasNews: ({ context }, changes: readonly EntryChange[]) =>
      isAfter(lastRevision(changes), context.revision ?? '0'),
    wentBack: ({ context }, { revision }: { revision: Revision }) =>
      isAfter(context.revision ?? '0', revision),
    isAlike: ({ context }, found: Verification) => isAlike(context, found),
    isConfirmed: ({ context }, found: Verification) => context.isProven && isAlike(context, found),
    isUnprotected: ({ context }) => !isEmptyByWipe(context),
    isComparedEnough: ({ context }) => context.comparisons >= comparisonsMax,
    wasOvertaken: ({ context }, found: Verification) => found.revision !== context.revision,
  },
  actions: {
    rememberLink: assign((_, { epoch, history, isUnidentified = false }: ConnectionUp) => ({
      epoch,
      linkHistory: history,
      isProven: !isUnidentified,
      attempt: 0,
    })),
    forgetLink: assign((_, { reason }: { reason: string }) => ({
      epoch: null,
      lastError: { kind: 'unreachable', message: reason } as const,
    })),
    rememberListing: assign(({ context }, listing: Listing) => ({
      revision: listing.revision,
      size: listing.entries.length,
      history: historyOf(listing, context),
      listedUnder: context.linkHistory,
      resumableUnder: context.linkHistory,
      isProven: true,
      attempt: 0,
      lastError: null,
    })),
    rememberChanges: assign(({ context }, changes: readonly EntryChange[]) => {
      const fresh = newerThan(changes, context.revision);
      return { revision: lastRevision(fresh), size: context.size + growth(fresh) };
    }),
    rememberProgress: assign((_, { revision }: { revision: Revision }) => ({ revision })),
    rememberFailure: assign(({ context }, failure: FailureFact) => ({
      lastError: failure,
      attempt: context.attempt + 1,
    })),
    countComparison: assign(({ context }) => ({ comparisons: context.comparisons + 1 })),
    forgetComparisons: assign({ comparisons: 0 }),
    doubtCopy: assign((_, { reason }: { reason: string }) => ({
      resumableUnder: null,
      lastError: { kind: 'compacted', message: reason } as const,
    })),
    disownCopy: assign((_, { reason }: { reason: string }) => ({
      listedUnder: contradicted,
      resumableUnder: null,
      lastError: { kind: 'compacted', message: reason } as const,
    })),
    rememberTold: assign(({ context }) => ({ told: { size: context.size, history: context.history } })),
    forgetTrouble: assign({ attempt: 0, lastError: null }),
    announceListing: enqueueActions(({ context, enqueue }, listing: Listing) => {
      const news = {
        type: 'watcher.listed',
        prefix: context.prefix,
        history: historyOf(listing, context),
        ...listing,
      } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceChanges: enqueueActions(({ context, enqueue }, changes: readonly EntryChange[]) => {
      const fresh = newerThan(changes, context.revision);
      const { prefix } = context;
      const news = {
        type: 'watcher.changed',
        prefix,
        revision: lastRevision(fresh),
        changes: fresh,
      } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceLive: enqueueActions(({ context, enqueue }) => {
      const news = { type: 'watcher.live', prefix: context.prefix } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceStale: enqueueActions(({ context, enqueue }) => {
      if (context.revision === null) return;
      const reason = context.lastError?.message ?? 'not confirmed yet';
      const news = { type: 'watcher.stale', prefix: context.prefix, reason } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceDenied: enqueueActions(({ context, enqueue }, failure: FailureFact) => {
      const news = { type: 'watcher.denied', prefix: context.prefix, failure } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
  },
});

/** Why the machine has ended; null when it was closed, whatever trouble it had before. */
export function causeOfEnd({ lastError }: WatcherContext): FailureFact | null {
  return lastError?.kind === 'denied' || lastError?.kind === 'bug' ? lastError : null;
}

/** The revision of the last change; '0' for none. */
function lastRevision(changes: readonly EntryChange[]): Revision {
  return changes.at(-1)?.modRevision ?? '0';
}

function newerThan(changes: readonly EntryChange[], revision: Revision | null): readonly EntryChange[] {
  const known = revision ?? '0';
  const first = changes[0];
  if (first !== undefined && isAfter(first.modRevision, known)) return changes;
  return changes.filter((change) => isAfter(change.modRevision, known));
}

/** By how many keys the copy grows: a put that creates its key adds one, a delete takes one away. */
function growth(changes: readonly EntryChange[]): number {
  let count = 0;
  for (const change of changes) {
    if (change.type === 'delete') count -= 1;
    else if (change.createRevision === change.modRevision) count += 1;
  }
  return count;
}

/** Nobody is left, but only because the history in which somebody was is gone. */
function isEmptyByWipe({ size, history, told }: WatcherContext): boolean {
  return size === 0 && told.size > 0 && history !== told.history;
}

/** A listing belongs to a new history when the link says so, or when it lies before what we have already seen. */
function historyOf(listing: Listing, context: WatcherContext): number {
  if (context.revision === null) return context.history;
  const replaced = context.listedUnder !== null && context.listedUnder !== context.linkHistory;
  return replaced || isAfter(context.revision, listing.revision) ? context.history + 1 : context.history;
}
