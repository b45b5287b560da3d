/**
 * What ought to be registered, and is it so? The parent of connection, lease and watchers. Its context is desired
 * state; one reconcile loop writes whatever differs from it. A new lease, a new history, an audit and a command all
 * just mark entries dirty; there is no second path that writes.
 *
 * Invariants:
 *  1. An accepted registration is `written` under the lease in use, if there is one, or it is dirty, or etcd refused it
 *     for good.
 *  2. A withdrawn entry is forgotten only after etcd has answered its delete, or when nothing of it was ever sent.
 *  3. An entry is in at most one transaction at a time.
 *  4. A write that may still be applied late is overtaken only by a transaction that moves the fence.
 *  5. Nothing is written without a link and a live lease.
 *  6. An answer counts only for the lease and the fence that it was asked under.
 *  7. It can be closed from wherever it is, in bounded time; if anything else ends it, that is a bug, and it is told.
 */
import { failureIn } from './failure.js';
import { auditing } from './registry-auditing.js';
import { initialContext } from './registry-context.js';
import { guarding } from './registry-guarding.js';
import { keeping, life } from './registry-life.js';
import { publishing } from './registry-publishing.js';
import { setupRegistry } from './registry-setup.js';

/** The registry machine; see the file header for its invariants. */
export const registryMachine = setupRegistry.createMachine({
  id: 'registry',
  description: 'Keeps registrations and watches true through everything that can happen to etcd.',
  context: ({ input }) => initialContext(input),
  invoke: [
    {
      id: 'connection',
      src: 'connection',
      systemId: 'connection',
      input: ({ context, self }) => ({ endpoints: context.input.endpoints, parentRef: self }),
      onDone: {
        actions: { type: 'raiseEnd', params: ({ event }) => ({ child: 'connection', ...event.output }) },
      },
      onError: { actions: { type: 'raiseFailure', params: failureIn } },
    },
    {
      id: 'lease',
      src: 'lease',
      systemId: 'lease',
      input: ({ context, self }) => ({
        ttlSeconds: context.input.ttlSeconds,
        leaseSeed: context.input.leaseSeed,
        parentRef: self,
      }),
      onDone: { actions: { type: 'raiseEnd', params: ({ event }) => ({ child: 'lease', ...event.output }) } },
      onError: { actions: { type: 'raiseFailure', params: failureIn } },
    },
    {
      id: 'watchers',
      src: 'watchers',
      systemId: 'watchers',
      onError: { actions: { type: 'raiseFailure', params: failureIn } },
    },
    {
      id: 'watchClock',
      src: 'watchClock',
      onError: { actions: { type: 'raiseFailure', params: failureIn } },
    },
  ],
  type: 'parallel',
  states: { keeping, life, guarding, publishing, auditing },
  options: { maxIterations: 10_000 },
});
