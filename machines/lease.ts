/**
 * Do we hold a lease, and until when may we believe it?
 *
 * Invariants:
 *  1. `alive` ends, told as expired, when etcd does not know the lease or a TTL after the last answered renewal was sent.
 *  2. Every grant that succeeds is a new generation; facts about an earlier lease id change nothing.
 *  3. The id of the next generation is known before it is asked for, so a grant may be repeated safely.
 *  4. A broken link does not end a lease: it is renewed first, and replaced only if etcd says it is gone.
 *  5. At most one lease is kept alive at a time, with one request on its way at a time, and none without a link.
 *  6. Until it is closed it can become usable from wherever it is; afterwards never again.
 */
import { failureIn } from './failure.js';
import { leaseIdOf, setupLease, stillborn } from './lease-setup.js';

/** Asks until etcd grants the next generation; the same for the first lease and for a replacement. */
const askingForLease = setupLease.createStateConfig({
  initial: 'asking',
  on: {
    'connection.up': { target: '.asking', actions: { type: 'rememberLink', params: ({ event }) => event } },
    'connection.down': { target: '.waiting', actions: 'forgetLink' },
  },
  states: {
    asking: {
      description: 'A grant is on its way.',
      invoke: {
        id: 'grantLease',
        src: 'grantLease',
        input: ({ context }) => ({
          leaseId: leaseIdOf(context.leaseSeed, context.generation + 1),
          ttlSeconds: context.ttlSeconds,
        }),
        onDone: [
          {
            guard: { type: 'isGranted', params: ({ event }) => event.output },
            target: '#lease.alive',
            actions: { type: 'rememberGrant', params: ({ event }) => event.output },
          },
          { target: 'backingOff', actions: { type: 'rememberFailure', params: stillborn } },
        ],
        onError: [
          {
            guard: { type: 'isExpected', params: failureIn },
            target: 'backingOff',
            actions: { type: 'rememberFailure', params: failureIn },
          },
          { target: '#lease.failed', actions: { type: 'rememberFailure', params: failureIn } },
        ],
      },
    },
    backingOff: {
      description: 'etcd did not grant it; the next attempt waits for the backoff.',
      after: { retryBackoff: { target: 'asking' } },
    },
    waiting: { description: 'There is no link; the grant is asked for when it is back.' },
  },
});

/** Renews while the lease lives; loses nothing when the link breaks. */
const renewing = setupLease.createStateConfig({
  initial: 'resting',
  on: {
    'connection.up': { target: '.asking', actions: { type: 'rememberLink', params: ({ event }) => event } },
    'connection.down': { target: '.waiting', actions: 'forgetLink' },
  },
  states: {
    resting: {
      description: 'Renewed; the next renewal is due after a third of the TTL, or when time was lost.',
      after: { renewInterval: { target: 'asking' } },
      on: { 'clock.jumped': { target: 'asking' } },
    },
    asking: {
      description: 'A renewal is on its way.',
      invoke: {
        id: 'renewLease',
        src: 'renewLease',
        input: ({ context }) => ({ leaseId: context.leaseId }),
        onDone: [
          {
            guard: { type: 'isGranted', params: ({ event }) => event.output },
            target: 'resting',
            actions: [
              { type: 'rememberRenewal', params: ({ event }) => event.output },
              'acknowledgeRenewal',
              'announceRenewal',
            ],
          },
          {
            target: '#lease.expired',
            actions: {
              type: 'rememberLoss',
              params: { reason: 'etcd answered that the lease does not exist' },
            },
          },
        ],
        onError: [
          {
            guard: { type: 'isExpected', params: failureIn },
            target: 'backingOff',
            actions: { type: 'rememberFailure', params: failureIn },
          },
          { target: '#lease.failed', actions: { type: 'rememberFailure', params: failureIn } },
        ],
      },
    },
    backingOff: {
      description: 'A renewal failed; the next attempt waits for the backoff.',
      after: { retryBackoff: { target: 'asking' } },
    },
    waiting: { description: 'There is no link; the lease is renewed first thing when it is back.' },
  },
});

/** How far the last acknowledged renewal still carries. */
const trusting = setupLease.createStateConfig({
  initial: 'certain',
  on: { 'renewal.acknowledged': { target: '.certain' } },
  states: {
    certain: {
      description: 'Renewed less than two thirds of the TTL ago.',
      after: { doubtDelay: { target: 'doubtful', actions: 'announceDoubt' } },
      on: { 'clock.jumped': { target: 'doubtful', actions: 'announceDoubt' } },
    },
    doubtful: {
      description:
        'Two thirds of the TTL have passed unrenewed, or time was lost; etcd may drop the lease soon.',
      tags: ['doubtful'],
      after: {
        lossDelay: {
          target: '#lease.expired',
          actions: {
            type: 'rememberLoss',
            params: { reason: 'no renewal was acknowledged for a whole TTL' },
          },
        },
      },
    },
  },
});

/** The lease machine; see the file header for its invariants. */
export const leaseMachine = setupLease.createMachine({
  id: 'lease',
  description: 'Keeps one lease in etcd for as long as somebody wants it.',
  context: ({ input }) => ({
    ttlSeconds: input?.ttlSeconds ?? 0,
    leaseSeed: input?.leaseSeed ?? '1',
    epoch: null,
    generation: 0,
    leaseId: '',
    ttlMs: 0,
    answerMs: 0,
    attempt: 0,
    lastError: null,
    parentRef: input?.parentRef ?? null,
  }),
  output: ({ context }) => ({ failure: context.lastError?.kind === 'bug' ? context.lastError : null }),
  initial: 'idle',
  on: {
    'connection.up': { actions: { type: 'rememberLink', params: ({ event }) => event } },
    'connection.down': { actions: 'forgetLink' },
  },
  states: {
    idle: {
      description: 'Nobody needs a lease yet, so none is held.',
      on: {
        'lease.wanted': [{ guard: 'isLinked', target: 'granting' }, { target: 'granting.waiting' }],
        'lease.close': { target: 'closed' },
      },
    },
    granting: {
      ...askingForLease,
      description: 'The first lease is wanted; etcd has not granted it yet.',
      on: { ...askingForLease.on, 'lease.close': { target: 'closed' } },
    },
    alive: {
      description: 'etcd holds our lease, and everything written under it.',
      tags: ['usable'],
      type: 'parallel',
      entry: 'announceAlive',
      on: {
        'lease.close': { target: 'revoking' },
        'lease.reportedLost': {
          guard: { type: 'isOurs', params: ({ event }) => event },
          target: 'expired',
          actions: {
            type: 'rememberLoss',
            params: { reason: 'etcd said that it does not know the lease' },
          },
        },
      },
      states: {
        renewal: { ...renewing, description: 'Renews the lease every third of its TTL.' },
        trust: { ...trusting, description: 'Counts from the moment the last acknowledged renewal was sent.' },
      },
    },
    expired: {
      description: 'The lease is gone, and the keys under it with it; a replacement needs the link.',
      entry: 'announceExpiry',
      always: { guard: 'isLinked', target: 'recovering' },
      on: { 'lease.close': { target: 'revoking' } },
    },
    recovering: {
      ...askingForLease,
      description: 'A replacement for the lost lease is wanted.',
      on: { ...askingForLease.on, 'lease.close': { target: 'revoking' } },
    },
    revoking: {
      description: 'Giving the lease back, so that etcd drops our keys at once.',
      after: { revokeTimeout: { target: 'closed' } },
      on: { 'connection.down': { target: '.waiting', actions: 'forgetLink' } },
      initial: 'waiting',
      states: {
        asking: {
          description: 'The revocation is on its way.',
          invoke: {
            id: 'revokeLease',
            src: 'revokeLease',
            input: ({ context }) => ({ leaseId: context.leaseId }),
            onDone: { target: '#lease.closed' },
            onError: [
              {
                guard: { type: 'isExpected', params: failureIn },
                target: 'backingOff',
                actions: { type: 'rememberFailure', params: failureIn },
              },
              { target: '#lease.failed', actions: { type: 'rememberFailure', params: failureIn } },
            ],
          },
        },
        backingOff: {
          description: 'etcd could not serve the revocation; the next attempt waits for the backoff.',
          after: { retryBackoff: { target: 'asking' } },
        },
        waiting: {
          description: 'etcd may come back in time; if not, the lease ends by itself.',
          always: { guard: 'isLinked', target: 'asking' },
        },
      },
    },
    closed: {
      type: 'final',
      description: 'Closed by its owner; a lease that could not be revoked ends with its TTL.',
    },
    failed: { type: 'final', description: 'Something nobody expected happened; lastError tells what.' },
  },
  options: { maxIterations: 1_000 },
});
