/** Defects of leases in the implementation that is replaced, as far as they need no etcd. */
import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { leaseMachine, request } from '../../machines/index.js';
import { eventually } from '../support/eventually.js';

test('ignores what is said about a lease it no longer uses [L5]', async () => {
  const granted = { ttlSeconds: 30, answerMs: 1 };
  const machine = leaseMachine.provide({
    actors: {
      grantLease: request<typeof granted, { readonly leaseId: string; readonly ttlSeconds: number }>(() =>
        Promise.resolve(granted),
      ),
    },
  });
  const lease = createActor(machine, { input: { ttlSeconds: 30, leaseSeed: '100' } }).start();
  lease.send({ type: 'connection.up', epoch: 1, history: 0, endpoint: '' });
  lease.send({ type: 'lease.wanted' });
  await eventually(() => expect(lease.getSnapshot().hasTag('usable')).toBe(true));
  const { leaseId } = lease.getSnapshot().context;
  lease.send({ type: 'lease.reportedLost', leaseId: (BigInt(leaseId) - 1n).toString() });
  expect(lease.getSnapshot().hasTag('usable')).toBe(true);
  lease.send({ type: 'lease.reportedLost', leaseId });
  expect(lease.getSnapshot().hasTag('usable')).toBe(false);
  lease.stop();
});
