/** The watcher's state that follows a prefix: the watch is open, or being opened, and the copy is compared after a resume. */
import { failureIn } from './failure.js';
import { setupWatcher } from './watcher-setup.js';

/** Opens the watch at the resume point and follows it; stale until a resume is verified. */
export const following = setupWatcher.createStateConfig({
  description: 'A watch is open, or being opened, at the resume point.',
  invoke: {
    id: 'watchPrefix',
    src: 'watchPrefix',
    // Not after it: etcd may forget a deletion at the very next revision without a word (decision 9).
    input: ({ context }) => ({ prefix: context.prefix, fromRevision: context.revision ?? '1' }),
    onError: { target: '#watcher.failed', actions: { type: 'rememberFailure', params: failureIn } },
  },
  on: {
    'watch.created': {
      guard: { type: 'wentBack', params: ({ event }) => event },
      target: '#watcher.listing',
      actions: { type: 'doubtCopy', params: { reason: 'etcd is at a revision before ours' } },
    },
    'watch.changed': {
      guard: { type: 'hasNews', params: ({ event }) => event.changes },
      actions: [
        { type: 'announceChanges', params: ({ event }) => event.changes },
        { type: 'rememberChanges', params: ({ event }) => event.changes },
      ],
    },
    'watch.progressed': {
      guard: { type: 'isNewer', params: ({ event }) => event },
      actions: { type: 'rememberProgress', params: ({ event }) => event },
    },
    'watch.compacted': {
      target: '#watcher.listing',
      actions: { type: 'doubtCopy', params: { reason: 'the revisions we missed were compacted' } },
    },
    'connection.down': {
      target: '#watcher.erroring.waiting',
      actions: { type: 'forgetLink', params: ({ event }) => event },
    },
    'watch.broken': [
      {
        guard: { type: 'isDenied', params: ({ event }) => event.failure },
        target: '#watcher.denied',
        actions: [
          { type: 'rememberFailure', params: ({ event }) => event.failure },
          { type: 'announceDenied', params: ({ event }) => event.failure },
        ],
      },
      {
        guard: { type: 'isExpected', params: ({ event }) => event.failure },
        target: '#watcher.erroring',
        actions: { type: 'rememberFailure', params: ({ event }) => event.failure },
      },
      {
        target: '#watcher.failed',
        actions: { type: 'rememberFailure', params: ({ event }) => event.failure },
      },
    ],
  },
  initial: 'protecting',
  states: {
    watching: {
      description: 'The copy equals etcd, and every change is on its way to us.',
      tags: ['live'],
      entry: ['forgetTrouble', 'announceLive'],
      exit: 'rememberTold',
    },
    protecting: {
      description: 'Our copy equals etcd; told at once unless it is empty only because etcd was wiped.',
      tags: ['stale'],
      always: { guard: 'isUnprotected', target: 'watching' },
      after: { emptyProtection: { target: 'watching' } },
    },
    reconnecting: {
      description: 'Replaying what was missed; the copy is stale until it is verified.',
      tags: ['stale'],
      entry: 'forgetComparisons',
      initial: 'catchingUp',
      states: {
        catchingUp: {
          description: 'Waiting until etcd has opened the watch.',
          on: {
            'watch.created': [
              {
                guard: { type: 'wentBack', params: ({ event }) => event },
                target: '#watcher.listing',
                actions: { type: 'doubtCopy', params: { reason: 'etcd is at a revision before ours' } },
              },
              { target: 'verifying' },
            ],
          },
        },
        verifying: {
          description: 'Comparing our copy with etcd.',
          entry: 'countComparison',
          invoke: {
            id: 'verifyPrefix',
            src: 'verifyPrefix',
            input: ({ context }) => ({ prefix: context.prefix, revision: context.revision ?? '0' }),
            onDone: [
              {
                guard: { type: 'isConfirmed', params: ({ event }) => event.output },
                target: '#watcher.following.protecting',
              },
              // Another history with as many keys at the same revision answers like this one (decision 4).
              {
                guard: { type: 'isAlike', params: ({ event }) => event.output },
                target: '#watcher.listing',
              },
              {
                guard: 'isComparedEnough',
                target: '#watcher.listing',
                actions: {
                  type: 'doubtCopy',
                  params: { reason: 'it changes faster than it can be compared' },
                },
              },
              {
                guard: { type: 'wasOvertaken', params: ({ event }) => event.output },
                target: 'verifying',
                reenter: true,
              },
              { target: 'settling' },
            ],
            onError: [
              {
                guard: { type: 'isExpected', params: failureIn },
                target: '#watcher.erroring',
                actions: { type: 'rememberFailure', params: failureIn },
              },
              { target: '#watcher.failed', actions: { type: 'rememberFailure', params: failureIn } },
            ],
          },
        },
        settling: {
          description:
            'Our copy differs; either the missing events are on their way, or this is another history.',
          on: {
            'watch.changed': {
              guard: { type: 'hasNews', params: ({ event }) => event.changes },
              target: 'verifying',
              actions: [
                { type: 'announceChanges', params: ({ event }) => event.changes },
                { type: 'rememberChanges', params: ({ event }) => event.changes },
              ],
            },
          },
          after: {
            verifyPatience: {
              target: '#watcher.listing',
              actions: { type: 'disownCopy', params: { reason: 'our copy does not match etcd' } },
            },
          },
        },
      },
    },
  },
});
