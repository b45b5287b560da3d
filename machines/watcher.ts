/**
 * What is under this prefix now? Lists it at one revision, follows the changes after it, and lists again when
 * history is lost. The entries themselves are told on and not kept; only position and size stay here.
 *
 * Invariants:
 *  1. The resume point is the revision of the last event applied, of a listing, or of a periodic progress
 *     notification; never the header of an event batch, nor of a `created` answer.
 *  2. The watch starts at the resume point, and changes at or before it are dropped: so a compaction of whatever came
 *     after it is told, and an event that etcd repeats is applied once.
 *  3. After a resume the copy is stale until a verify read has found nothing that changed after the resume point, and
 *     as many keys as we have. Where no sentinel tells that the history is the same, it is then listed again all the same.
 *  4. An empty copy is not live while it is empty only because etcd was wiped, for a bounded time.
 *  5. A compaction, a history that went back or a failed verify leads to a new listing, which replaces the copy.
 *  6. A copy that stays different from etcd though the watch is open belongs to a history that etcd has lost.
 *  7. `live` needs a link, a copy that was listed in the link's history, and an open watch; whoever was told that the
 *     copy is live is told when it is not.
 *  8. A watcher that takes the place of one that ended goes on with its history and protects what it told, but lists first.
 */
import { failureIn } from './failure.js';
import { following } from './watcher-following.js';
import { causeOfEnd, setupWatcher, type WatcherPast } from './watcher-setup.js';

const noPast: WatcherPast = {
  history: 0,
  listedUnder: null,
  revision: null,
  size: 0,
  told: { size: 0, history: 0 },
};

/** Asks for the whole prefix, and tells and remembers the answer. */
const listingNow = setupWatcher.createStateConfig({
  description: 'The prefix is being read.',
  invoke: {
    id: 'listPrefix',
    src: 'listPrefix',
    input: ({ context }) => ({ prefix: context.prefix }),
    onDone: {
      target: '#watcher.following',
      actions: [
        { type: 'announceListing', params: ({ event }) => event.output },
        { type: 'rememberListing', params: ({ event }) => event.output },
      ],
    },
    onError: [
      {
        guard: { type: 'isDenied', params: failureIn },
        target: '#watcher.denied',
        actions: [
          { type: 'rememberFailure', params: failureIn },
          { type: 'announceDenied', params: failureIn },
        ],
      },
      {
        guard: { type: 'isExpected', params: failureIn },
        target: '#watcher.erroring',
        actions: { type: 'rememberFailure', params: failureIn },
      },
      { target: '#watcher.failed', actions: { type: 'rememberFailure', params: failureIn } },
    ],
  },
});

/** Keeps the last copy, marked stale, until the link or the backoff allows another attempt. */
const erroring = setupWatcher.createStateConfig({
  description: 'The watch broke; the last copy is kept and marked stale.',
  tags: ['stale'],
  entry: 'announceStale',
  on: {
    'connection.down': { target: '.waiting', actions: { type: 'forgetLink', params: ({ event }) => event } },
  },
  initial: 'backingOff',
  states: {
    backingOff: {
      description: 'The link is up but this watch failed; the next attempt waits for the backoff.',
      after: {
        retryBackoff: [
          { guard: 'canResume', target: '#watcher.following.reconnecting' },
          { target: '#watcher.listing' },
        ],
      },
    },
    waiting: { description: 'There is no link; the watch is resumed when it is back.' },
  },
});

/** The watcher machine; see the file header for its invariants. */
export const watcherMachine = setupWatcher.createMachine({
  id: 'watcher',
  description: 'Keeps a copy of one prefix equal to etcd.',
  context: ({ input }) => {
    const { history, listedUnder, revision, size, told } = input?.past ?? noPast;
    return {
      prefix: input?.prefix ?? '',
      epoch: input?.link?.epoch ?? null,
      history,
      linkHistory: input?.link?.history ?? 0,
      isProven: false,
      listedUnder,
      resumableUnder: null,
      revision,
      size,
      told,
      comparisons: 0,
      attempt: 0,
      lastError: null,
      parentRef: input?.parentRef ?? null,
    };
  },
  output: ({ context }) => ({ failure: causeOfEnd(context) }),
  initial: 'listing',
  on: {
    'watcher.close': { target: '.closed' },
    'connection.up': [
      {
        guard: { type: 'canResumeOn', params: ({ event }) => event },
        target: '.following.reconnecting',
        actions: { type: 'rememberLink', params: ({ event }) => event },
      },
      { target: '.listing', actions: { type: 'rememberLink', params: ({ event }) => event } },
    ],
  },
  states: {
    listing: {
      description: 'Reading the whole prefix at one revision; the copy may be stale until this ends.',
      tags: ['stale'],
      entry: 'announceStale',
      on: {
        'connection.down': {
          target: '.waiting',
          actions: { type: 'forgetLink', params: ({ event }) => event },
        },
      },
      initial: 'waiting',
      states: {
        asking: listingNow,
        waiting: {
          description: 'There is no link; the prefix is listed when it is back.',
          always: { guard: 'isLinked', target: 'asking' },
        },
      },
    },
    following,
    erroring,
    closed: { type: 'final', description: 'Nobody watches this prefix any more.' },
    denied: { type: 'final', description: 'etcd does not permit us to read this prefix.' },
    failed: { type: 'final', description: 'Something nobody expected happened; lastError tells what.' },
  },
  options: { maxIterations: 1_000 },
});
