/**
 * Can the cluster be reached?
 *
 * Invariants:
 *  1. `connected` means that a linearizable round trip succeeded on this link, never that a channel says READY.
 *  2. Every entry to `connected` opens a new epoch; facts of an earlier link never arrive in a later epoch.
 *  3. Only this machine chooses endpoints and waits before reconnecting: longer each time, until a link has held for a while.
 *  4. A sentinel that appeared, vanished or changed, or that may be read no more or again, another cluster id or a head revision
 *     that went back start a new history.
 *  5. `connection.up` and `connection.down` are told in turn; only a close by the owner is not told as down.
 *  6. It is `up` or `down` for as long as it lives, and it can come up, and be closed, from wherever it is.
 */
import { type ActorRef, assign, enqueueActions, type Snapshot, setup } from 'xstate';
import { backoffMs, reconnectBackoff } from './backoff.js';
import type { ClockJumped } from './clock.js';
import { type ClusterFacts, isOtherHistory, withSentinel } from './cluster.js';
import { type FailureFact, failureIn, isExpected } from './failure.js';
import type { LinkNews } from './link.js';
import { requestPort, streamPort } from './port.js';

export interface ConnectionInput {
  /** At least one `host:port` or URL. */
  readonly endpoints: readonly string[];
  readonly parentRef?: ActorRef<Snapshot<unknown>, LinkNews>;
}

export interface ConnectionContext {
  readonly endpoints: readonly string[];
  readonly endpointIndex: number;
  readonly epoch: number;
  readonly history: number;
  readonly attempt: number;
  /** Links in a row of which none has held for a while, the present one included. */
  readonly unsteadyLinks: number;
  readonly cluster: ClusterFacts | null;
  readonly lastError: FailureFact | null;
  readonly parentRef: ActorRef<Snapshot<unknown>, LinkNews> | null;
}

/** Facts about the link in use, reported by the adapter that follows it. */
export type LinkFact =
  | { readonly type: 'link.broken'; readonly failure: FailureFact }
  | { readonly type: 'link.doubted'; readonly failure: FailureFact };

export type ConnectionEvent =
  | LinkFact
  | ClockJumped
  | { readonly type: 'connection.close' }
  /** A sentinel was found or written outside the probe. */
  | { readonly type: 'sentinel.seen'; readonly sentinel: string };

const setupConnection = setup({
  types: {} as {
    input: ConnectionInput;
    context: ConnectionContext;
    events: ConnectionEvent;
    emitted: LinkNews;
    tags: 'up' | 'down' | 'doubtful';
    output: { readonly failure: FailureFact | null };
  },
  actors: {
    probeCluster: requestPort<ClusterFacts, { readonly endpoint: string }>('probeCluster'),
    confirmLink: requestPort<ClusterFacts, { readonly epoch: number }>('confirmLink'),
    followLink: streamPort<LinkFact, { readonly epoch: number }>('followLink'),
  },
  delays: {
    reconnectBackoff: ({ context }) => backoffMs(reconnectBackoff, context.attempt),
    steadyDelay: 1_000,
  },
  guards: { isExpected: (_, failure: FailureFact) => isExpected(failure) },
  actions: {
    rememberCluster: assign(({ context }, cluster: ClusterFacts) => ({
      cluster,
      epoch: context.epoch + 1,
      history: isOtherHistory(context.cluster, cluster) ? context.history + 1 : context.history,
      attempt: context.unsteadyLinks,
      unsteadyLinks: context.unsteadyLinks + 1,
      lastError: null,
    })),
    rememberFailure: assign(({ context }, failure: FailureFact) => ({
      lastError: failure,
      attempt: context.attempt + 1,
    })),
    forgetAttempts: assign({ attempt: 0, unsteadyLinks: 0 }),
    chooseEndpoint: assign(({ context }, failure: FailureFact) => ({
      endpointIndex: isTransportFault(failure) ? nextEndpoint(context) : context.endpointIndex,
    })),
    leaveEndpoint: assign(({ context }, failure: FailureFact) => ({
      endpointIndex: mayServeElsewhere(failure) ? nextEndpoint(context) : context.endpointIndex,
    })),
    rememberSentinel: assign(({ context: { cluster } }, { sentinel }: { sentinel: string }) => ({
      cluster: cluster && withSentinel(cluster, sentinel),
    })),
    announceUp: enqueueActions(({ context, enqueue }) => {
      const news = {
        type: 'connection.up',
        epoch: context.epoch,
        history: context.history,
        ...(context.cluster?.sentinel === null ? { isUnidentified: true } : {}),
        endpoint: endpointOf(context),
      } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
    announceDown: enqueueActions(({ context, enqueue }) => {
      const news = {
        type: 'connection.down',
        reason: context.lastError?.message ?? 'the connection is closed',
      } as const;
      enqueue.emit(news);
      if (context.parentRef) enqueue.sendTo(context.parentRef, news);
    }),
  },
});

/** The connection machine; see the file header for its invariants. */
export const connectionMachine = setupConnection.createMachine({
  id: 'connection',
  description: 'Reaches the cluster through one endpoint at a time, and says when it can and cannot.',
  context: ({ input }) => ({
    endpoints: input?.endpoints ?? [],
    endpointIndex: 0,
    epoch: 0,
    history: 0,
    attempt: 0,
    unsteadyLinks: 0,
    cluster: null,
    lastError: null,
    parentRef: input?.parentRef ?? null,
  }),
  output: ({ context }) => ({ failure: context.lastError?.kind === 'bug' ? context.lastError : null }),
  initial: 'connecting',
  on: {
    'connection.close': { target: '.closed' },
    'sentinel.seen': { actions: { type: 'rememberSentinel', params: ({ event }) => event } },
  },
  states: {
    connecting: {
      description: 'Asking the chosen endpoint for a linearizable answer; nothing is known about etcd yet.',
      tags: ['down'],
      invoke: {
        id: 'probeCluster',
        src: 'probeCluster',
        input: ({ context }) => ({ endpoint: endpointOf(context) }),
        onDone: {
          target: 'connected',
          actions: { type: 'rememberCluster', params: ({ event }) => event.output },
        },
        onError: [
          {
            guard: { type: 'isExpected', params: failureIn },
            target: 'disconnected',
            actions: [
              { type: 'rememberFailure', params: failureIn },
              { type: 'leaveEndpoint', params: failureIn },
            ],
          },
          { target: 'failed', actions: { type: 'rememberFailure', params: failureIn } },
        ],
      },
    },
    connected: {
      description: 'A round trip through this endpoint succeeded and nothing has contradicted it since.',
      tags: ['up'],
      entry: 'announceUp',
      invoke: {
        id: 'followLink',
        src: 'followLink',
        input: ({ context }) => ({ epoch: context.epoch }),
        onError: {
          target: 'failed',
          actions: [{ type: 'rememberFailure', params: failureIn }, 'announceDown'],
        },
      },
      on: {
        'link.broken': {
          target: 'disconnected',
          actions: [
            { type: 'rememberFailure', params: ({ event }) => event.failure },
            { type: 'chooseEndpoint', params: ({ event }) => event.failure },
            'announceDown',
          ],
        },
      },
      // Links that break sooner count as failed attempts, so that one that always breaks is not dialled without pause.
      after: { steadyDelay: { actions: 'forgetAttempts' } },
      initial: 'certain',
      states: {
        certain: {
          description: 'Every answer so far came in time.',
          on: { 'link.doubted': { target: 'doubtful' }, 'clock.jumped': { target: 'doubtful' } },
        },
        doubtful: {
          description:
            'An answer is overdue, or time was lost; one more round trip decides whether the link still works.',
          tags: ['doubtful'],
          invoke: {
            id: 'confirmLink',
            src: 'confirmLink',
            input: ({ context }) => ({ epoch: context.epoch }),
            onDone: { target: 'certain' },
            onError: [
              {
                guard: { type: 'isExpected', params: failureIn },
                target: '#connection.disconnected',
                actions: [
                  { type: 'rememberFailure', params: failureIn },
                  { type: 'chooseEndpoint', params: failureIn },
                  'announceDown',
                ],
              },
              {
                target: '#connection.failed',
                actions: [{ type: 'rememberFailure', params: failureIn }, 'announceDown'],
              },
            ],
          },
        },
      },
    },
    disconnected: {
      description: 'etcd cannot be reached; the next attempt waits for the backoff.',
      tags: ['down'],
      after: { reconnectBackoff: { target: 'connecting' } },
    },
    closed: { type: 'final', description: 'Closed by its owner; no link is left.' },
    failed: { type: 'final', description: 'Something nobody expected happened; lastError tells what.' },
  },
  options: { maxIterations: 1_000 },
});

function endpointOf(context: ConnectionContext): string {
  return context.endpoints[context.endpointIndex] ?? '';
}

function nextEndpoint(context: ConnectionContext): number {
  return (context.endpointIndex + 1) % context.endpoints.length;
}

/** A fault of this endpoint rather than of the cluster: another endpoint may do better. */
function isTransportFault(failure: FailureFact): boolean {
  return failure.kind === 'unreachable' || failure.kind === 'timeout';
}

/** Also a learner, or a member that the others cannot be reached from, answers as if the cluster could not serve (decision 14). */
function mayServeElsewhere(failure: FailureFact): boolean {
  return isTransportFault(failure) || failure.kind === 'unavailable';
}
