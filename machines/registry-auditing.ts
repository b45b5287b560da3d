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

const contentIn = ({ event }: { event: { output: LeaseContent } }): LeaseContent => event.output;

/** What etcd holds is compared, whatever the reason to ask was, and as far as it could be read. */
const compared = [{ type: 'applyAudit', params: contentIn }, 'endAudit'] as const;
const answered = [
  { guard: { type: 'isPartial', params: contentIn }, target: 'unread', actions: compared },
  { target: 'resting', actions: compared },
] as const;

const resting = { ...suspicions, 'connection.up': { guard: 'holdsLease', target: 'reading' } } as const;

/** Compares what the lease holds with what is desired. */
export const auditing = setupRegistry.createStateConfig({
  initial: 'resting',
  description: 'Finds what etcd lost, and what is there though nobody wants it.',
  on: { 'publishing.stop': { target: '.stopped' } },
  states: {
    resting: {
      description: 'The last audit found etcd as desired, or repairs are under way.',
      always: { guard: 'shouldAudit', target: 'reading' },
      on: resting,
    },
    unread: {
      description: 'The last audit could not read what etcd holds, or not all; the next one asks again.',
      always: { guard: 'shouldAudit', target: 'reading' },
      on: resting,
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
          {
            guard: { type: 'isTransient', params: failureIn },
            target: 'backingOff',
            actions: { type: 'rememberUnanswered', params: failureIn },
          },
          {
            guard: { type: 'isExpected', params: failureIn },
            target: 'unread',
            actions: { type: 'rememberUnread', params: failureIn },
          },
          { target: 'stopped', actions: { type: 'raiseFailure', params: failureIn } },
        ],
      },
      on: { ...untilLost, ...suspicions },
    },
    backingOff: {
      description: 'etcd did not answer which keys are under our lease; it is asked again after the backoff.',
      after: { auditBackoff: { target: 'settling' } },
      on: untilLost,
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
          {
            guard: { type: 'isExpected', params: failureIn },
            target: 'unread',
            actions: [{ type: 'rememberUnread', params: failureIn }, 'retryUnseen', 'endAudit'],
          },
          { target: 'stopped', actions: { type: 'raiseFailure', params: failureIn } },
        ],
      },
      on: { ...untilLost, ...suspicions },
    },
    stopped: { type: 'final', description: 'Nothing is compared any more.' },
  },
});
