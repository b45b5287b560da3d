/** The region that finds where etcd differs from what is desired: regularly, and whenever there is a reason to look. */
import { auditQuestion, type LeaseContent } from './audit.js';
import { failureIn } from './failure.js';
import { setupRegistry } from './registry-setup.js';

/** What is read under a lease that is not in use any more, or over a link that is gone, says nothing. */
const untilLost = {
  'connection.down': { target: 'resting' },
  'lease.expired': { target: 'resting' },
} as const;

/** What asks for another look: what is being read may be older than this. */
const suspicions = {
  'ownKeys.deleted': { guard: { type: 'isLoss', params: ({ event }) => event }, target: 'suspecting' },
  'ownKeys.fenceDeleted': { target: 'settling' },
  'ownKeys.opened': { target: 'settling' },
} satisfies Parameters<typeof setupRegistry.createStateConfig>[0]['on'];

/** What etcd holds is compared, whatever the reason to ask was. */
const answered = {
  target: 'resting',
  actions: [
    { type: 'applyAudit', params: ({ event }: { event: { output: LeaseContent } }) => event.output },
    'endAudit',
  ],
} as const;

/** Compares what the lease holds with what is desired. */
export const auditing = setupRegistry.createStateConfig({
  initial: 'resting',
  description: 'Finds what etcd lost, and what is there though nobody wants it.',
  on: { 'publishing.stop': { target: '.stopped' } },
  states: {
    resting: {
      description: 'The last audit found etcd as desired, or repairs are under way.',
      always: { guard: 'shouldAudit', target: 'reading' },
      on: { ...suspicions, 'connection.up': { guard: 'holdsLease', target: 'reading' } },
    },
    suspecting: {
      description: 'Keys of ours were deleted; more of them may follow in a moment.',
      after: { suspicionDelay: { target: 'settling' } },
      on: { ...untilLost, 'ownKeys.fenceDeleted': { target: 'settling' } },
    },
    settling: {
      description: 'What is being written now could not be judged; as soon as it is answered, etcd is asked.',
      always: [
        { guard: 'cannotAudit', target: 'resting' },
        { guard: 'isBetweenFlushes', target: 'checking' },
      ],
    },
    checking: {
      description: 'Asking etcd which keys are under our lease, because some are said to be missing.',
      entry: 'rememberAuditStart',
      invoke: {
        id: 'readLease',
        src: 'readLease',
        input: ({ context }) => auditQuestion(context),
        onDone: answered,
        onError: [
          { guard: { type: 'isTransient', params: failureIn }, target: 'suspecting' },
          { guard: { type: 'isExpected', params: failureIn }, target: 'resting' },
          { target: 'stopped', actions: { type: 'raiseFailure', params: failureIn } },
        ],
      },
      on: { ...untilLost, ...suspicions },
    },
    reading: {
      description: 'Asking etcd which keys are under our lease, because it is time or the link is new.',
      entry: 'rememberAuditStart',
      invoke: {
        id: 'readLease',
        src: 'readLease',
        input: ({ context }) => auditQuestion(context),
        onDone: answered,
        onError: [
          { guard: { type: 'isExpected', params: failureIn }, target: 'resting', actions: 'endAudit' },
          { target: 'stopped', actions: { type: 'raiseFailure', params: failureIn } },
        ],
      },
      on: { ...untilLost, ...suspicions },
    },
    stopped: { type: 'final', description: 'Nothing is compared any more.' },
  },
});
