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

/** What a probe may find: the same history further on, or one of the signs of another one. */
function findings(known: ClusterFacts | null): readonly ClusterFacts[] {
  if (known === null) return [first, { ...first, sentinel: 's' }, hidden(first)];
  return [
    { ...known, revision: `${known.revision}0` },
    { ...known, clusterId: `${known.clusterId}x` },
    { ...known, revision: '1' },
    { ...known, sentinel: known.sentinel === null ? 's' : null, isSentinelHidden: false },
    { ...known, sentinel: `${known.sentinel}x`, isSentinelHidden: false },
    hidden({ ...known, revision: `${known.revision}00` }),
  ];
}

function hidden(facts: ClusterFacts): ClusterFacts {
  return { ...facts, sentinel: null, isSentinelHidden: true };
}

function kindOf(cluster: ClusterFacts | null): 'known' | 'hidden' | 'none' {
  if (cluster !== null && cluster.sentinel !== null) return 'known';
  return cluster?.isSentinelHidden === true ? 'hidden' : 'none';
}

const failures = (['timeout', 'unavailable', 'bug'] as const).map((kind) => new Failure(kind, kind));

const graph = exploreMachine(connectionMachine, {
  input,
  abstract: ({ context }) => ({
    endpoint: context.endpointIndex,
    met: context.cluster !== null,
    sentinel: kindOf(context.cluster),
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
        kindOf(found) !== kindOf(known) ||
        BigInt(found.revision) < BigInt(known.revision));
    expect(move.snapshot.context.history - history, nameOf(move)).toBe(isOther ? 1 : 0);
  }
});

test('tells with each link whether a sentinel proves its history, and keeps one that is seen later', () => {
  const isKnown = (at: Move<Connection>['from']): boolean => kindOf(at.snapshot.context.cluster) === 'known';
  for (const move of graph.moves.filter(goesUp)) {
    const [news] = newsOf(graph, move);
    expect((news as { isUnidentified?: boolean }).isUnidentified ?? false, nameOf(move)).toBe(
      !isKnown(move.to),
    );
  }
  const seen = graph.moves.filter(({ event, from }) => event.type === 'sentinel.seen' && !hasEnded(from));
  expect(new Set(seen.map(({ from }) => isKnown(from)))).toEqual(new Set([true, false]));
  for (const move of seen.filter(({ from }) => from.snapshot.context.cluster !== null)) {
    const before = move.from.snapshot.context.cluster?.sentinel;
    const expected = isKnown(move.from) ? before : 's';
    expect(move.snapshot.context.cluster?.sentinel, nameOf(move)).toBe(expected);
    expect(kindOf(move.snapshot.context.cluster), nameOf(move)).toBe('known');
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
