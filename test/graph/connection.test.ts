import { expect, test } from 'vitest';
import { type ClusterFacts, connectionMachine, Failure } from '../../machines/index.js';
import { exploreMachine, type Move } from '../../src/testing/index.js';
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
import { walkEveryMove } from './live.js';

type Connection = typeof connectionMachine;

const input = { endpoints: ['a:2379', 'b:2379'] };
const first: ClusterFacts = { clusterId: '1', revision: '10', sentinel: null };

/** What a probe may find: the same history further on, or one of the four signs of another one. */
function findings(known: ClusterFacts | null): readonly ClusterFacts[] {
  if (known === null) return [first, { ...first, sentinel: 's' }];
  return [
    { ...known, revision: `${known.revision}0` },
    { ...known, clusterId: `${known.clusterId}x` },
    { ...known, revision: '1' },
    { ...known, sentinel: known.sentinel === null ? 's' : null },
    { ...known, sentinel: `${known.sentinel}x` },
  ];
}

const failures = (['timeout', 'unavailable', 'bug'] as const).map((kind) => new Failure(kind, kind));

const graph = exploreMachine(connectionMachine, {
  input,
  abstract: ({ context }) => ({
    endpoint: context.endpointIndex,
    met: context.cluster !== null,
    sentinel: context.cluster?.sentinel != null,
    bug: context.lastError?.kind === 'bug',
  }),
  samples: ({ context }) => [
    ...findings(context.cluster).map((output) => ({ type: 'xstate.done.actor.probeCluster', output })),
    { type: 'xstate.done.actor.confirmLink', output: context.cluster ?? first },
    ...['probeCluster', 'confirmLink', 'followLink'].flatMap((port) =>
      failures.map((error) => ({ type: `xstate.error.actor.${port}`, error })),
    ),
    { type: 'link.broken', failure: { kind: 'unreachable', message: 'reset' } },
    { type: 'link.broken', failure: { kind: 'unauthenticated', message: 'token' } },
    { type: 'link.doubted', failure: { kind: 'timeout', message: 'late' } },
    { type: 'sentinel.seen', sentinel: 's' },
  ],
});

const isUp = (at: { readonly snapshot: { hasTag(tag: 'up'): boolean } }): boolean => at.snapshot.hasTag('up');
const goesUp = ({ from, to }: Move<Connection>): boolean => !isUp(from) && isUp(to);

test('is up or down while it lives, and neither afterwards', () => {
  for (const state of graph.states) {
    const tags = [...state.snapshot.tags].filter((tag) => tag !== 'doubtful');
    expect(tags.length, state.key).toBe(hasEnded(state) ? 0 : 1);
  }
});

test('is up only after a probe has succeeded, each time in the next epoch, and says so', () => {
  const ups = graph.moves.filter(goesUp);
  expect(ups.length).toBeGreaterThan(0);
  for (const move of ups) {
    const { epoch } = move.snapshot.context;
    expect(move.event.type).toBe('xstate.done.actor.probeCluster');
    expect(epoch).toBe(move.from.snapshot.context.epoch + 1);
    expect(newsOf(graph, move)).toMatchObject([{ type: 'connection.up', epoch }]);
  }
});

test('never changes its epoch or its history otherwise', () => {
  for (const move of graph.moves.filter((each) => !goesUp(each))) {
    const { epoch, history } = move.from.snapshot.context;
    expect(move.snapshot.context, nameOf(move)).toMatchObject({ epoch, history });
  }
});

test('says that it is down whenever it ceases to be up, unless it was closed', () => {
  const downs = graph.moves.filter(({ from, to }) => isUp(from) && !isUp(to));
  expect(downs.length).toBeGreaterThan(0);
  for (const move of downs) {
    const expected = move.event.type === 'connection.close' ? [] : [{ type: 'connection.down' }];
    expect(newsOf(graph, move), nameOf(move)).toMatchObject(expected);
  }
});

test('counts another history exactly when the cluster differs from what is known of it', () => {
  for (const move of graph.moves.filter(goesUp)) {
    const { cluster: known, history } = move.from.snapshot.context;
    const found = move.snapshot.context.cluster;
    if (found === null) throw new Error(nameOf(move));
    const isOther =
      known !== null &&
      (found.clusterId !== known.clusterId ||
        found.sentinel !== known.sentinel ||
        BigInt(found.revision) < BigInt(known.revision));
    expect(move.snapshot.context.history - history, nameOf(move)).toBe(isOther ? 1 : 0);
  }
});

test('moves to the next endpoint after a fault of the transport, or when this one cannot serve the first question', () => {
  const failed = graph.moves.filter(
    ({ from, to }) => to.snapshot.value === 'disconnected' && from.snapshot.value !== 'disconnected',
  );
  expect(failed.length).toBeGreaterThan(0);
  for (const move of failed) {
    const kind = move.snapshot.context.lastError?.kind;
    const hasMoved = move.snapshot.context.endpointIndex !== move.from.snapshot.context.endpointIndex;
    const wasAsked = move.from.snapshot.value === 'connecting';
    const isReason = kind === 'timeout' || kind === 'unreachable' || (wasAsked && kind === 'unavailable');
    expect(hasMoved, nameOf(move)).toBe(isReason);
  }
});

test('follows the link exactly while it is up, and asks one question at a time', () => {
  for (const state of graph.states) {
    const running = runningIn(state);
    expect(running.includes('followLink'), state.key).toBe(isUp(state));
    expect(running.filter((port) => port !== 'followLink').length, state.key).toBeLessThanOrEqual(1);
  }
});

test('can come up and can be closed as long as it lives, and nothing breaks it [SEE-2]', () => {
  expect(strandedLive(graph, isUp)).toEqual([]);
  expect(strandedLive(graph, ({ snapshot }) => snapshot.value === 'closed')).toEqual([]);
  expect(unreachedStates(connectionMachine, graph)).toEqual([]);
  expectSound(graph);
});

test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
  const walked = await walkEveryMove({
    machine: connectionMachine,
    graph,
    input,
    requests: ['probeCluster', 'confirmLink'],
    streams: {
      followLink: {
        facts: 'link.',
        late: { type: 'link.broken', failure: { kind: 'timeout', message: 'late' } },
      },
    },
    check: (snapshot, world) => {
      expect(world.open('followLink').length).toBe(snapshot.hasTag('up') ? 1 : 0);
      expect(world.open('probeCluster').length + world.open('confirmLink').length).toBeLessThanOrEqual(1);
    },
  });
  tellSize('connection', graph, walked);
});
