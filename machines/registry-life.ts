/** The life of a registry, from its first connection to its end; and what it keeps and passes on meanwhile. */
import { setupRegistry } from './registry-setup.js';

/** What is known of link and lease, and of time; first of the regions, so that the others see it changed. */
export const keeping = setupRegistry.createStateConfig({
  description: 'Keeps what the children tell, and passes it on.',
  initial: 'listening',
  states: {
    listening: {
      description: 'News of the children is taken in and passed on; now and then an audit is due.',
      // Not where audits are: whatever happens there must not put off the regular ones.
      after: {
        auditInterval: {
          target: 'listening',
          reenter: true,
          actions: ['rememberAuditDue', 'retryDenied'],
        },
      },
      on: {
        'registry.ended': { target: 'ended' },
        'connection.up': {
          actions: [
            { type: 'rememberLink', params: ({ event }) => event },
            { type: 'tellLease', params: ({ event }) => event },
            { type: 'tellWatchers', params: ({ event }) => event },
            { type: 'announce', params: ({ event }) => event },
          ],
        },
        'connection.down': {
          actions: [
            'forgetLink',
            { type: 'tellLease', params: ({ event }) => event },
            { type: 'tellWatchers', params: ({ event }) => event },
            { type: 'announce', params: ({ event }) => event },
          ],
        },
        'clock.jumped': {
          actions: [
            { type: 'tellConnection', params: ({ event }) => event },
            { type: 'tellLease', params: ({ event }) => event },
          ],
        },
        'lease.alive': {
          actions: [
            { type: 'rememberLease', params: ({ event }) => event },
            { type: 'announce', params: ({ event }) => event },
          ],
        },
        'lease.expired': { actions: ['forgetLease', { type: 'announce', params: ({ event }) => event }] },
        'lease.doubtful': { actions: { type: 'announce', params: ({ event }) => event } },
      },
    },
    ended: { type: 'final', description: 'Nothing is kept any more.' },
  },
});

/** What is asked for is accepted until the registry closes. */
const accepting = setupRegistry.createStateConfig({
  on: {
    'registry.register': {
      actions: [{ type: 'rememberWishes', params: ({ event }) => event }, 'tellLeaseWanted'],
    },
    'registry.withdraw': { actions: { type: 'rememberWithdrawals', params: ({ event }) => event } },
    'registry.close': { target: 'closing' },
  },
});

/** Where the registry stands between its first connection and its end. */
export const life = setupRegistry.createStateConfig({
  initial: 'starting',
  description: 'From the first connection to the end.',
  on: {
    'machine.failed': { target: '.failed', actions: { type: 'rememberBug', params: ({ event }) => event } },
    'child.ended': {
      guard: { type: 'isBug', params: ({ event }) => event },
      target: '.failed',
      actions: { type: 'rememberBug', params: ({ event }) => event },
    },
  },
  states: {
    starting: {
      description: 'etcd has not been reached yet; what is asked for is remembered.',
      on: { ...accepting.on, 'connection.up': { target: 'running' } },
    },
    running: {
      description: 'etcd was reached; what is desired is kept true, also through outages.',
      on: accepting.on,
    },
    closing: {
      description: 'Giving everything back; bounded in time.',
      entry: ['keepWithdrawals', 'closeWatchers'],
      after: { closeTimeout: { target: 'closed' } },
      initial: 'draining',
      states: {
        draining: {
          description: 'Withdrawals that were asked for are still on their way.',
          always: { guard: 'cannotFlush', target: 'revoking' },
          after: { drainTimeout: { target: 'revoking' } },
        },
        revoking: {
          description: 'The lease is being given back, and every key under it with it.',
          entry: ['stopPublishing', 'closeLease'],
          on: {
            'child.ended': {
              guard: { type: 'isLeaseEnd', params: ({ event }) => event },
              target: 'disconnecting',
            },
          },
        },
        disconnecting: {
          description: 'Nothing of ours is left in etcd; the link is being closed.',
          entry: 'closeConnection',
          on: { 'child.ended': { target: '#registry.life.closed' } },
        },
      },
    },
    closed: {
      type: 'final',
      description: 'Closed; no key, stream or timer of ours is left.',
      entry: ['stopPublishing', 'endAll'],
    },
    failed: {
      type: 'final',
      description: 'Something nobody expected happened; lastError tells what.',
      entry: [
        'stopPublishing',
        'endAll',
        {
          type: 'announce',
          params: ({ context }) => ({
            type: 'registry.failed',
            failure: context.lastError ?? { kind: 'bug', message: 'a child machine failed' },
          }),
        },
      ],
    },
  },
});
