/**
 * A machine of your own that reacts to leasehold's, told as a story and then run on a virtual clock; without etcd.
 *
 * A shop takes orders only while its lease in etcd is beyond doubt. When the lease becomes doubtful it finishes what
 * it has begun; when the doubt lasts, it closes before etcd tells the others that it is gone.
 *
 * Run it: npx tsx examples/react-to-leasehold.ts
 */
import assert from 'node:assert/strict';
import { type LeaseAnswer, type LeaseNews, type LinkNews, leaseMachine, request } from 'leasehold/machines';
import { createVirtualClock, playScenario } from 'leasehold/testing';
import { createActor, sendTo, setup } from 'xstate';

const shop = setup({
  types: {} as {
    events: LeaseNews | LinkNews | { readonly type: 'order'; readonly dish: string };
    tags: 'takesOrders';
  },
  actors: { lease: leaseMachine },
  delays: { patience: 3_000 },
  actions: {
    cook: (_args, _order: { readonly dish: string }) => {},
    tellLease: sendTo('lease', (_, news: LinkNews) => news),
    wantLease: sendTo('lease', { type: 'lease.wanted' }),
  },
}).createMachine({
  id: 'shop',
  // Leasehold's machines tell their news to whoever is given as parentRef.
  invoke: {
    id: 'lease',
    src: 'lease',
    input: ({ self }) => ({ ttlSeconds: 15, leaseSeed: '1', parentRef: self }),
  },
  entry: 'wantLease',
  on: {
    'connection.up': { actions: { type: 'tellLease', params: ({ event }) => event } },
    'connection.down': { actions: { type: 'tellLease', params: ({ event }) => event } },
  },
  initial: 'closed',
  states: {
    closed: { on: { 'lease.alive': { target: 'open' }, 'lease.renewed': { target: 'open' } } },
    open: {
      tags: ['takesOrders'],
      on: {
        order: { actions: { type: 'cook', params: ({ event }) => event } },
        'lease.doubtful': { target: 'finishing' },
        'lease.expired': { target: 'closed' },
      },
    },
    finishing: {
      after: { patience: { target: 'closed' } },
      on: { 'lease.renewed': { target: 'open' }, 'lease.expired': { target: 'closed' } },
    },
  },
});

// A story, played by pure transitions: no actor runs, and time passes only in the story. You write the commands; what
// stands below each line of dashes is what playScenario returned for them, to be read as carefully as code.
const story = `# Opens with the lease, and closes before etcd can tell the others that it is gone.

start shop with lease
send {"type":"connection.up","epoch":1,"history":0,"endpoint":"etcd:2379"}
----
shop: closed
  ask lease {"ttlSeconds":15,"leaseSeed":"1"}
  tell lease lease.wanted
lease: idle
lease: granting.waiting
shop: closed
  tell lease connection.up
lease: granting.asking
  ask grantLease {"leaseId":"2","ttlSeconds":15}

answer grantLease {"ttlSeconds":15,"answerMs":0}
----
lease: alive.renewal.resting & trust.certain
  emit {"type":"lease.alive","leaseId":"2","generation":1,"ttlSeconds":15}
  tell shop lease.alive
  wait renewInterval 5000ms
  wait doubtDelay 10000ms
shop: open

send {"type":"order","dish":"soup"}
----
shop: open
  do cook {"type":"order","dish":"soup"}

# The renewal is not answered.
elapse doubtDelay
----
(renewInterval is over)
lease: alive.renewal.asking & trust.certain
  ask renewLease {"leaseId":"2"}
lease: alive.renewal.asking & trust.doubtful
  emit {"type":"lease.doubtful","leaseId":"2"}
  tell shop lease.doubtful
  wait lossDelay 5000ms
shop: finishing
  wait patience 3000ms

send {"type":"order","dish":"pie"}
----
nothing happens

elapse patience
----
shop: closed

answer renewLease {"ttlSeconds":15,"answerMs":0}
----
lease: alive.renewal.resting & trust.certain
  emit {"type":"lease.renewed","leaseId":"2"}
  tell shop lease.renewed
  wait renewInterval 5000ms
  wait doubtDelay 10000ms
shop: open
`;
assert.equal(playScenario(story, { shop }), story);

// The same machine as a running actor, on a clock that moves when it is told to.
const granted: LeaseAnswer = { ttlSeconds: 15, answerMs: 0 };
const clock = createVirtualClock();
const renewals: ((answer: LeaseAnswer) => void)[] = [];
const actor = createActor(
  shop.provide({
    actors: {
      lease: leaseMachine.provide({
        actors: {
          grantLease: request(() => Promise.resolve(granted)),
          renewLease: request(() => new Promise<LeaseAnswer>((resolve) => renewals.push(resolve))),
        },
      }),
    },
  }),
  { clock },
);
const takesOrders = (): boolean => actor.getSnapshot().hasTag('takesOrders');
/** Lets the answers arrive; they are promises. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

actor.start();
actor.send({ type: 'connection.up', epoch: 1, history: 0, endpoint: 'etcd:2379' });
await settle();
assert.equal(takesOrders(), true, 'open as soon as the lease is granted');

clock.advance(9_999);
assert.equal(takesOrders(), true, 'open for two thirds of the TTL without a renewal');
clock.advance(1);
assert.equal(takesOrders(), false, 'no new orders while the lease is doubtful');
clock.advance(3_000);
assert.equal(actor.getSnapshot().value, 'closed', 'closed when patience is over, 2 s before the lease is');

renewals[0]?.(granted);
await settle();
assert.equal(takesOrders(), true, 'open again with the next renewal');
actor.stop();
assert.equal(clock.pending, 0, 'nothing is left waiting');
console.log('the shop closes in time, in the story and on the clock');
