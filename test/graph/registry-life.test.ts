import { expect, test } from 'vitest';
import { type BatchOutcome, Failure, type RegistryContext, registryMachine } from '../../machines/index.js';
import { exploreMachine, type GraphState, type Move } from '../../src/testing/index.js';
import {
  expectSound,
  hasEnded,
  nameOf,
  newsOf,
  runningIn,
  strandedLive,
  tellSize,
  unreachedStates,
} from './claims.js';
import { walkToEveryState } from './live.js';
import {
  answersFor,
  failed,
  input,
  key,
  leaseNewsFor,
  notSentBare,
  ports,
  type Registry,
  wish,
  withdrawal,
} from './registry-drawing.js';

const outcomes: readonly BatchOutcome[] = [
  { type: 'applied', revision: '5', foreign: [] },
  failed('timeout'),
];

const bug = { kind: 'bug', message: 'bug' } as const;

/** A child machine ends by itself only with a bug; without one, only after it was told to close. */
function childEnd(child: string, failure: typeof bug | null) {
  return { type: `xstate.done.actor.${child}`, output: { failure } };
}

/** The link comes and goes, with one history of etcd. */
function linkNewsFor({ epoch }: RegistryContext) {
  if (epoch !== null) return { type: 'connection.down', reason: 'reset' };
  return { type: 'connection.up', epoch: 1, history: 0, endpoint: 'a' };
}

/** From the start to the end, with just so much to publish that something can be left over. */
const graph = exploreMachine(registryMachine, {
  input,
  limit: 40_000,
  unsent: notSentBare,
  abstract: ({ context }) => ({
    linked: context.epoch !== null,
    lease: context.lease !== null,
    fence: context.fence.status,
    hasWritten: context.flush > 0,
    isAuditDue: context.isAuditDue,
    registration: context.registrations.get(key)?.state,
    sent: context.registrations.get(key)?.sent,
    dirty: context.dirty.has(key),
    plan: context.plan.map(({ versions }) => [
      versions.get(key) === context.registrations.get(key)?.version,
      context.terms.leaseId === context.lease?.leaseId,
    ]),
  }),
  samples: (snapshot) => [
    wish,
    withdrawal,
    { type: 'registry.close' },
    linkNewsFor(snapshot.context),
    ...leaseNewsFor(snapshot.context),
    { type: 'xstate.done.actor.openFence', output: { fence: '0', sentinel: null } },
    { type: 'xstate.done.actor.readLease', output: { ttlSeconds: 5, keys: [key], missing: [] } },
    ...answersFor(snapshot.context, outcomes),
    ...[
      'openFence',
      'readLease',
      'writeBatches',
      'watchOwnKeys',
      'watchClock',
      'connection',
      'lease',
      'watchers',
    ].map((port) => ({
      type: `xstate.error.actor.${port}`,
      error: new Failure('bug', 'bug'),
    })),
    childEnd('connection', bug),
    ...(snapshot.matches({ life: { closing: 'revoking' } }) ? [childEnd('lease', null)] : []),
    ...(snapshot.matches({ life: { closing: 'disconnecting' } })
      ? [childEnd('connection', null)]
      : [childEnd('lease', bug)]),
  ],
});

type At = GraphState<Registry>;
const isIn = (value: Parameters<At['snapshot']['matches']>[0]) => (state: At) =>
  state.snapshot.matches(value);
const isClosed = isIn({ life: 'closed' });
const isClosing = isIn({ life: 'closing' });
const entering = (isThere: (state: At) => boolean): readonly Move<Registry>[] =>
  graph.moves.filter(({ from, to }) => !isThere(from) && isThere(to));

/** What the machine sends to its children on this move. */
function messagesOf(move: Move<Registry>): readonly string[] {
  return graph
    .effectsOf(move)
    .filter(({ type }) => type === 'xstate.sendTo')
    .map(({ params }) => (params as unknown as { readonly event: { readonly type: string } }).event.type);
}

test('can be closed from everywhere, and is bounded by the timeout while it closes', () => {
  expect(strandedLive(graph, isClosed)).toEqual([]);
  for (const state of graph.states.filter(isClosing)) {
    const timeout = state.moves.find(({ event }) => event.type.startsWith('xstate.after.closeTimeout.'));
    expect(timeout && isClosed(timeout.to), state.key).toBe(true);
  }
});

test('closes step by step: the watchers, what is still to withdraw, the lease, the connection', () => {
  for (const move of entering(isClosing)) expect(messagesOf(move)).toContain('hub.close');
  const revoking = isIn({ life: { closing: 'revoking' } });
  const disconnecting = isIn({ life: { closing: 'disconnecting' } });
  for (const move of entering(revoking)) expect(messagesOf(move), nameOf(move)).toContain('lease.close');
  for (const move of entering(disconnecting)) {
    expect(revoking(move.from), nameOf(move)).toBe(true);
    expect(messagesOf(move), nameOf(move)).toContain('connection.close');
  }
  for (const state of graph.states.filter((each) => revoking(each) || disconnecting(each))) {
    expect([...runningIn(state)].sort(), state.key).toEqual([
      'connection',
      'lease',
      'watchClock',
      'watchers',
    ]);
  }
});

test('drains withdrawals before it gives the lease back, for as long as the drain may take', () => {
  const draining = isIn({ life: { closing: 'draining' } });
  const left = graph.moves.filter(
    ({ from, to }) => draining(from) && isIn({ life: { closing: 'revoking' } })(to),
  );
  expect(left.length).toBeGreaterThan(0);
  for (const move of left) {
    const { context } = move.snapshot;
    const isDrained = !context.dirty.has(key) || context.lease === null || context.epoch === null;
    expect(isDrained || move.event.type.startsWith('xstate.after.drainTimeout.'), nameOf(move)).toBe(true);
  }
});

test('ends as failed, and says why, whenever something ends with a bug that it does not wait for anyway', () => {
  const bugs = graph.moves.filter(({ event }) => JSON.stringify(event).includes('"kind":"bug"'));
  const awaited = bugs.filter((move) => !isIn({ life: 'failed' })(move.to));
  expect(bugs.length).toBeGreaterThan(awaited.length);
  for (const move of bugs.filter((each) => !awaited.includes(each))) {
    expect(newsOf(graph, move), nameOf(move)).toContainEqual({ type: 'registry.failed', failure: bug });
  }
  expect(
    new Set(awaited.map(({ from, event }) => `${JSON.stringify(from.snapshot.value.life)} ${event.type}`)),
  ).toEqual(
    new Set([
      '{"closing":"revoking"} xstate.done.actor.lease',
      '{"closing":"disconnecting"} xstate.done.actor.connection',
    ]),
  );
});

test('has ended in all its regions, or in none', () => {
  for (const state of graph.states) {
    const isAtEnd = isClosed(state) || isIn({ life: 'failed' })(state);
    expect(hasEnded(state), state.key).toBe(isAtEnd);
  }
});

test('is not broken by anything [SEE-2]', () => {
  // What somebody deletes has a proof of its own.
  const elsewhere = ['guarding.interrupted', 'guarding.unguarded', 'auditing.unread', 'auditing.suspecting'];
  const unreached = [...elsewhere, 'auditing.settling', 'auditing.checking', 'auditing.backingOff'];
  expect(unreachedStates(registryMachine, graph)).toEqual(unreached);
  expectSound(graph, 10);
});

test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
  const walked = await walkToEveryState({ machine: registryMachine, graph, input, ...ports });
  tellSize('registry, life', graph, walked);
});
