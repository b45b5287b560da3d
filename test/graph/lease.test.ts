import { expect, test } from 'vitest';
import { Failure, leaseMachine } from '../../machines/index.js';
import { exploreMachine, type GraphState, type Move } from '../../src/testing/index.js';
import {
  asksOf,
  expectSound,
  hasEnded,
  nameOf,
  newsOf,
  runningIn,
  strandedLive,
  tellSize,
  unreachedStates,
} from './claims.js';
import { walkEveryMove } from './live.js';

type Lease = typeof leaseMachine;

const input = { ttlSeconds: 9, leaseSeed: '1000' };
/** The id of a generation, said once more. */
const idOf = (generation: number): string => String(1000 + generation);

const failures = (['timeout', 'leaseLost', 'bug'] as const).map((kind) => new Failure(kind, kind));

const graph = exploreMachine(leaseMachine, {
  input,
  unsent: ['renewal.acknowledged'],
  abstract: ({ context }) => ({
    linked: context.epoch !== null,
    granted: context.generation > 0,
    bug: context.lastError?.kind === 'bug',
  }),
  samples: ({ context }) => [
    { type: 'connection.up', epoch: (context.epoch ?? 0) + 1, history: 0, endpoint: 'a' },
    { type: 'connection.down', reason: 'reset' },
    { type: 'lease.reportedLost', leaseId: context.leaseId },
    { type: 'lease.reportedLost', leaseId: idOf(context.generation - 1) },
    { type: 'lease.reportedLost', leaseId: idOf(context.generation + 1) },
    ...['grantLease', 'renewLease'].flatMap((port) =>
      [9, 0].map((ttlSeconds) => ({
        type: `xstate.done.actor.${port}`,
        output: { ttlSeconds, answerMs: 5 },
      })),
    ),
    ...['grantLease', 'renewLease', 'revokeLease'].flatMap((port) =>
      failures.map((error) => ({ type: `xstate.error.actor.${port}`, error })),
    ),
  ],
});

const isUsable = ({ snapshot }: GraphState<Lease>): boolean => snapshot.hasTag('usable');
const gains = ({ from, to }: Move<Lease>): boolean => !isUsable(from) && isUsable(to);
const loses = ({ from, to }: Move<Lease>): boolean => isUsable(from) && !isUsable(to);
const kindsOf = (move: Move<Lease>): readonly string[] => newsOf(graph, move).map(({ type }) => type);

test('is usable only from a grant on, each the next generation with the id that was asked for', () => {
  const grants = graph.moves.filter(gains);
  expect(grants.length).toBeGreaterThan(0);
  for (const move of grants) {
    const generation = move.from.snapshot.context.generation + 1;
    expect(move.event, nameOf(move)).toMatchObject({
      type: 'xstate.done.actor.grantLease',
      output: { ttlSeconds: 9 },
    });
    expect(move.snapshot.context).toMatchObject({ generation, leaseId: idOf(generation) });
    expect(newsOf(graph, move)).toMatchObject([
      { type: 'lease.alive', leaseId: idOf(generation), generation, ttlSeconds: 9 },
    ]);
  }
  for (const move of graph.moves.filter((each) => !gains(each))) {
    const { generation, leaseId } = move.from.snapshot.context;
    expect(move.snapshot.context, nameOf(move)).toMatchObject({ generation, leaseId });
  }
});

test('says that the lease has expired whenever it ceases to be usable, unless it was closed or has failed', () => {
  const losses = graph.moves.filter(loses);
  expect(losses.length).toBeGreaterThan(0);
  for (const move of losses) {
    const isSilent = move.event.type === 'lease.close' || move.to.snapshot.value === 'failed';
    expect(kindsOf(move), nameOf(move)).toEqual(isSilent ? [] : ['lease.expired']);
  }
});

test('stays usable when the link breaks or comes back, and is renewed first thing then', () => {
  for (const state of graph.states.filter(isUsable)) {
    const [up, down] = ['connection.up', 'connection.down'].map((type) =>
      state.moves.find(({ event }) => event.type === type),
    );
    if (up === undefined || down === undefined) throw new Error(state.key);
    expect(isUsable(up.to) && isUsable(down.to), state.key).toBe(true);
    expect(asksOf(up)).toMatchObject([
      { id: 'renewLease', input: { leaseId: state.snapshot.context.leaseId } },
    ]);
    expect(runningIn(down.to), state.key).toEqual([]);
  }
});

test('renews only the lease in use, and has one question on its way at most', () => {
  for (const state of graph.states) {
    const running = runningIn(state);
    expect(running.length, state.key).toBeLessThanOrEqual(1);
    if (running.includes('renewLease')) expect(isUsable(state), state.key).toBe(true);
    if (running.includes('grantLease')) expect(isUsable(state), state.key).toBe(false);
  }
  for (const move of graph.moves) {
    for (const { id, input: asked } of asksOf(move)) {
      const { generation } = move.snapshot.context;
      const leaseId = idOf(id === 'grantLease' ? generation + 1 : generation);
      expect(asked, nameOf(move)).toMatchObject({ leaseId });
    }
  }
});

test('asks for nothing without a link', () => {
  for (const state of graph.states.filter(({ snapshot }) => snapshot.context.epoch === null)) {
    expect(runningIn(state), state.key).toEqual([]);
  }
});

test('takes no notice of a loss reported for another lease than the one in use', () => {
  for (const move of graph.moves.filter(({ event }) => event.type === 'lease.reportedLost')) {
    expect(move.event, nameOf(move)).toMatchObject({ leaseId: move.from.snapshot.context.leaseId });
    expect(isUsable(move.from), nameOf(move)).toBe(true);
  }
});

test('is doubtful only while it is usable', () => {
  const doubtful = graph.states.filter(({ snapshot }) => snapshot.hasTag('doubtful'));
  expect(doubtful.length).toBeGreaterThan(0);
  expect(doubtful.every(isUsable)).toBe(true);
  const doubted = graph.moves.filter(
    ({ to, from }) => to.snapshot.hasTag('doubtful') && !from.snapshot.hasTag('doubtful'),
  );
  for (const move of doubted) expect(kindsOf(move), nameOf(move)).toEqual(['lease.doubtful']);
});

test('is never usable again once it was closed', () => {
  const closing = graph.moves.filter(({ event }) => event.type === 'lease.close').map(({ to }) => to);
  const after = new Set(closing);
  for (const state of after) for (const { to } of state.moves) after.add(to);
  expect([...after].filter(isUsable)).toEqual([]);
});

test('can be usable as long as nobody has closed it, and can be closed, and nothing breaks it [SEE-2]', () => {
  const isClosing = ({ snapshot }: GraphState<Lease>): boolean => snapshot.matches('revoking');
  expect(strandedLive(graph, (state) => isUsable(state) || isClosing(state))).toEqual([]);
  expect(strandedLive(graph, ({ snapshot }) => snapshot.value === 'closed')).toEqual([]);
  expect(graph.states.filter(hasEnded).map(({ snapshot }) => snapshot.value)).toContain('failed');
  expect(unreachedStates(leaseMachine, graph)).toEqual([]);
  expectSound(graph);
});

test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
  const walked = await walkEveryMove({
    machine: leaseMachine,
    graph,
    input,
    requests: ['grantLease', 'renewLease', 'revokeLease'],
    streams: {},
    check: (_, world) => expect(world.openCount).toBeLessThanOrEqual(1),
  });
  tellSize('lease', graph, walked);
});
