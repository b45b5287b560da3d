/** The region that makes etcd equal to what is desired. */
import { failureIn } from './failure.js';
import { setupRegistry } from './registry-setup.js';

/** The reconcile loop: the only place that writes. */
export const publishing = setupRegistry.createStateConfig({
  initial: 'idle',
  description: 'Makes etcd equal to what is desired.',
  on: { 'publishing.stop': { target: '.stopped' } },
  states: {
    idle: {
      description: 'Nothing differs from desired, or there is no lease or link to write with.',
      // Past `fencing`, which would make the question for a fence only to drop it before it is asked.
      always: [
        { guard: 'canWrite', target: 'flushing.writing' },
        { guard: 'canFlush', target: 'flushing' },
      ],
    },
    flushing: {
      description: 'What differs from desired is being written.',
      initial: 'fencing',
      states: {
        fencing: {
          description: 'Making sure that this process has a fence to compare.',
          always: { guard: 'isFenced', target: 'writing' },
          on: {
            'connection.down': { target: '#registry.publishing.idle' },
            'lease.expired': { target: '#registry.publishing.idle' },
          },
          invoke: {
            id: 'openFence',
            src: 'openFence',
            input: ({ context }) => ({ leaseId: context.lease?.leaseId ?? '' }),
            onDone: {
              actions: [
                { type: 'rememberFence', params: ({ event }) => event.output },
                { type: 'tellSentinel', params: ({ event }) => event.output },
              ],
            },
            onError: [
              {
                guard: { type: 'isDenied', params: failureIn },
                actions: 'rememberUnfenced',
              },
              {
                guard: { type: 'isLeaseLost', params: failureIn },
                target: '#registry.publishing.idle',
                actions: ['tellLoss', 'forgetLease'],
              },
              {
                guard: { type: 'isExpected', params: failureIn },
                target: '#registry.publishing.backingOff',
                actions: { type: 'rememberFailure', params: failureIn },
              },
              {
                target: '#registry.publishing.stopped',
                actions: { type: 'raiseFailure', params: failureIn },
              },
            ],
          },
        },
        writing: {
          description: 'Transactions are on their way, at most four at a time.',
          entry: 'planFlush',
          invoke: {
            id: 'writeBatches',
            src: 'writeBatches',
            input: ({ context }) => ({ ...context.terms, batches: context.plan }),
            onError: {
              target: '#registry.publishing.stopped',
              actions: { type: 'raiseFailure', params: failureIn },
            },
          },
          exit: 'endFlush',
          on: {
            'batch.answered': { actions: { type: 'recordAnswer', params: ({ event }) => event } },
            'connection.down': { actions: { type: 'recordSilence', params: ({ event }) => event } },
          },
          always: [
            { guard: 'isFlushedInPart', target: '#registry.publishing.backingOff' },
            { guard: 'isFlushed', target: '#registry.publishing.idle' },
          ],
        },
      },
    },
    backingOff: {
      description:
        'Something could not be written; it is tried again after the backoff, or with the next change.',
      always: { guard: 'cannotFlush', target: 'idle' },
      after: { flushBackoff: { target: 'idle' } },
      on: {
        'registry.register': { target: 'idle' },
        'registry.withdraw': { target: 'idle' },
      },
    },
    stopped: { type: 'final', description: 'Nothing is written any more.' },
  },
});
