/** Notices that keys of ours are deleted, as long as there is a link; what to do about it the audit decides. */
import { failureIn } from './failure.js';
import { ownKeysOf } from './own-keys.js';
import { setupRegistry } from './registry-setup.js';

/** Follows the deletion of our keys and of our fence. Without the right to read them, audits alone notice a loss. */
export const guarding = setupRegistry.createStateConfig({
  initial: 'resting',
  description: 'Hears when keys of ours, or the lease with all of them, are deleted.',
  on: { 'publishing.stop': { target: '.stopped' } },
  states: {
    resting: {
      description: 'Nothing of ours is in etcd yet, or there is no lease or link.',
      always: { guard: 'canGuard', target: 'following' },
    },
    following: {
      description: 'etcd tells which keys are deleted beside ours, and whether our fence is.',
      invoke: {
        id: 'watchOwnKeys',
        src: 'watchOwnKeys',
        input: ({ context }) => ownKeysOf(context),
        onError: { target: 'stopped', actions: { type: 'raiseFailure', params: failureIn } },
      },
      on: {
        'batch.answered': { actions: { type: 'tellOwnKeys', params: ({ event }) => event } },
        'lease.alive': { actions: { type: 'tellOwnFence', params: ({ event }) => event } },
        'fence.permitted': { actions: { type: 'tellOwnFence', params: ({ event }) => event } },
        'connection.down': { target: 'resting' },
        'ownKeys.broken': [
          { guard: { type: 'isDenied', params: ({ event }) => event.failure }, target: 'unguarded' },
          { guard: { type: 'isExpected', params: ({ event }) => event.failure }, target: 'interrupted' },
          {
            target: 'stopped',
            actions: { type: 'raiseFailure', params: ({ event }) => event.failure },
          },
        ],
      },
    },
    interrupted: {
      description: 'What was followed broke off; it is followed again after a moment.',
      after: { guardBackoff: { target: 'resting' } },
      on: { 'connection.down': { target: 'resting' } },
    },
    unguarded: {
      description:
        'etcd does not permit us to follow our keys, so only audits notice a loss; asked again now and then.',
      after: { deniedRetry: { target: 'resting' } },
      on: { 'connection.down': { target: 'resting' } },
    },
    stopped: { type: 'final', description: 'Nothing is followed any more.' },
  },
});
