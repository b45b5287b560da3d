/**
 * Claims about every state of a machine of your own that reacts to leasehold's, instead of examples of some; without
 * etcd and without running anything.
 *
 * A kitchen cooks only while it holds a lease in etcd, and only what was ordered. Its whole graph is explored: every
 * event in every state, whatever the order.
 *
 * Run it: npx tsx examples/every-state.ts
 */
import assert from 'node:assert/strict';
import { type LeaseNews, leaseMachine } from 'leasehold/machines';
import { exploreMachine } from 'leasehold/testing';
import { assign, sendTo, setup } from 'xstate';

const kitchen = setup({
  types: {} as {
    context: { readonly leaseId: string | null; readonly waiting: number };
    events:
      | LeaseNews
      | { readonly type: 'order' }
      | { readonly type: 'dish.ready' }
      | { readonly type: 'close' };
    tags: 'cooks';
  },
  actors: { lease: leaseMachine },
  guards: { isHungry: ({ context }) => context.waiting > 0 },
  actions: {
    takeOrder: assign({ waiting: ({ context }) => context.waiting + 1 }),
    serve: assign({ waiting: ({ context }) => context.waiting - 1 }),
    holdLease: assign({ leaseId: (_, { leaseId }: { leaseId: string }) => leaseId }),
    loseLease: assign({ leaseId: null }),
    closeLease: sendTo('lease', { type: 'lease.close' }),
  },
}).createMachine({
  id: 'kitchen',
  context: { leaseId: null, waiting: 0 },
  invoke: {
    id: 'lease',
    src: 'lease',
    input: ({ self }) => ({ ttlSeconds: 15, leaseSeed: '41', parentRef: self }),
    onError: { target: '.closed' },
  },
  initial: 'cold',
  on: {
    order: { actions: 'takeOrder' },
    close: { target: '.closed', actions: 'closeLease' },
    'lease.expired': { target: '.cold', actions: 'loseLease' },
  },
  states: {
    cold: {
      on: { 'lease.alive': { target: 'hot', actions: { type: 'holdLease', params: ({ event }) => event } } },
    },
    hot: { always: { guard: 'isHungry', target: 'cooking' } },
    cooking: { tags: ['cooks'], on: { 'dish.ready': { target: 'hot', actions: 'serve' } } },
    closed: { type: 'final' },
  },
});

const graph = exploreMachine(kitchen, {
  // Two snapshots count as the same if they hold a lease alike and have as many orders waiting, two at most.
  abstract: ({ context }) => [context.leaseId !== null, context.waiting],
  samples: ({ context }) => [
    { type: 'lease.alive', leaseId: '42', generation: 1, ttlSeconds: 15 },
    { type: 'lease.expired', leaseId: '42', reason: 'the lease is gone' },
    ...(context.waiting < 2 ? [{ type: 'order' }] : []),
  ],
  // Orders come from the samples only.
  unsent: ['order'],
});

// Safety: wherever it is, it cooks only with a lease, and only what was ordered.
for (const { snapshot, key } of graph.states.filter((state) => state.snapshot.hasTag('cooks'))) {
  assert(snapshot.context.leaseId !== null, key);
  assert(snapshot.context.waiting > 0, key);
}
// Liveness: from wherever it is, it can cook again, and it can be closed.
const hasEnded = graph.states.filter(({ snapshot }) => snapshot.status === 'done');
assert.deepEqual(
  graph.stranded(({ snapshot }) => snapshot.hasTag('cooks')),
  hasEnded,
);
assert.deepEqual(
  graph.stranded(({ snapshot }) => snapshot.matches('closed')),
  [],
);
// And the graph left out nothing that decides what happens next.
assert.deepEqual(graph.blurred(), []);

console.log(
  `the claims hold in all ${graph.states.length} states, whichever of ${graph.moves.length} moves is made`,
);
