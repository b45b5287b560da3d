import { expect, test } from 'vitest';
import { type EntryChange, watcherMachine } from '../../machines/index.js';
import type { GraphState, Move } from '../../src/testing/index.js';
import {
  asksOf,
  expectSound,
  nameOf,
  newsOf,
  runningIn,
  strandedLive,
  tellSize,
  unreachedStates,
} from './claims.js';
import { walkEveryMove } from './live.js';
import { graph, input, prefix, type Watcher } from './watcher-drawing.js';

const isLive = ({ snapshot }: GraphState<Watcher>): boolean => snapshot.hasTag('live');
const comesAlive = ({ from, to }: Move<Watcher>): boolean => !isLive(from) && isLive(to);
const kindsOf = (move: Move<Watcher>): readonly string[] => newsOf(graph, move).map(({ type }) => type);
const of = (type: string): readonly Move<Watcher>[] => graph.moves.filter(({ event }) => event.type === type);

test('is live or stale while it lives, and neither afterwards', () => {
  for (const state of graph.states) {
    expect(state.snapshot.tags.size, state.key).toBe(state.snapshot.status === 'active' ? 1 : 0);
  }
});

test('is live only with a link, a copy of the history that the link shows, and an open watch', () => {
  for (const state of graph.states.filter(isLive)) {
    const { epoch, revision, listedUnder, linkHistory } = state.snapshot.context;
    expect([epoch, revision], state.key).not.toContain(null);
    expect(listedUnder, state.key).toBe(linkHistory);
    expect(runningIn(state), state.key).toEqual(['watchPrefix']);
  }
});

test('comes alive by a listing, by a confirmed resume, or when the protection of an empty copy ends', () => {
  const ways = new Set<string>();
  for (const move of graph.moves.filter(comesAlive)) {
    ways.add(move.event.type);
    if (move.event.type === 'xstate.done.actor.verifyPrefix') {
      const { revision, size } = move.from.snapshot.context;
      expect(move.event, nameOf(move)).toMatchObject({
        output: { revision, changedCount: 0, totalCount: size },
      });
    }
    if (move.event.type === 'watch.changed') {
      expect(move.from.snapshot.value, nameOf(move)).toEqual({ following: 'protecting' });
    }
    expect(kindsOf(move), nameOf(move)).toContain('watcher.live');
  }
  expect([...ways].sort()).toEqual([
    'watch.changed',
    'xstate.after.emptyProtection.watcher.following.protecting',
    'xstate.done.actor.listPrefix',
    'xstate.done.actor.verifyPrefix',
  ]);
});

const silentEnds: Readonly<Record<string, readonly string[]>> = {
  '"closed"': [],
  '"failed"': [],
  '"denied"': ['watcher.denied'],
};

test('says that the copy is stale, or the prefix denied, whenever it ceases to be live and goes on', () => {
  const ends = graph.moves.filter(({ from, to }) => isLive(from) && !isLive(to));
  for (const move of ends) {
    const expected = silentEnds[JSON.stringify(move.to.snapshot.value)] ?? ['watcher.stale'];
    expect(kindsOf(move), nameOf(move)).toEqual(expected);
  }
  const targets = new Set(ends.map(({ to }) => JSON.stringify(to.snapshot.value)));
  expect([...targets].sort()).toEqual([
    '"closed"',
    '"denied"',
    '"failed"',
    '{"erroring":"backingOff"}',
    '{"erroring":"waiting"}',
    '{"listing":"asking"}',
  ]);
});

test('remembers what was last told as live', () => {
  for (const move of graph.moves.filter(({ from, to }) => isLive(from) && !isLive(to))) {
    const { size, history } = move.from.snapshot.context;
    expect(move.snapshot.context.told, nameOf(move)).toEqual({ size, history });
  }
});

test('tells that nobody is left in another history only after the protection has ended', () => {
  let protectedMoves = 0;
  for (const move of graph.moves.filter(comesAlive)) {
    const { told, size, history } = move.snapshot.context;
    if (size > 0 || told.size === 0 || told.history === history) continue;
    expect(move.event.type, nameOf(move)).toMatch(/^xstate\.after\.emptyProtection/);
    protectedMoves += 1;
  }
  expect(protectedMoves).toBeGreaterThan(0);
});

test('never goes back in a history, and counts another one when a listing does', () => {
  for (const move of graph.moves) {
    const [before, now] = [move.from.snapshot.context, move.snapshot.context];
    if (before.revision === null || now.revision === null) continue;
    const wentBack = BigInt(now.revision) < BigInt(before.revision);
    if (wentBack) expect(now.history, nameOf(move)).toBe(before.history + 1);
    if (wentBack) expect(move.event.type, nameOf(move)).toBe('xstate.done.actor.listPrefix');
  }
});

test('moves its position only to a listing, an event or a periodic notification', () => {
  const movers = graph.moves.filter(
    (move) => move.from.snapshot.context.revision !== move.snapshot.context.revision,
  );
  expect(new Set(movers.map(({ event }) => event.type))).toEqual(
    new Set(['xstate.done.actor.listPrefix', 'watch.changed', 'watch.progressed']),
  );
});

test('tells every change after its position once, in order, and moves to the last', () => {
  const told = of('watch.changed');
  expect(told.length).toBeGreaterThan(0);
  for (const move of told) {
    const { revision } = move.from.snapshot.context;
    const { changes } = move.event as unknown as { readonly changes: readonly EntryChange[] };
    const fresh = changes.filter(({ modRevision }) => BigInt(modRevision) > BigInt(revision ?? '0'));
    const [news] = newsOf(graph, move);
    expect(news, nameOf(move)).toMatchObject({ type: 'watcher.changed', changes: fresh });
    expect(move.snapshot.context.revision, nameOf(move)).toBe(fresh.at(-1)?.modRevision);
  }
});

test('lists again what was resumed where no sentinel tells that the history is the same', () => {
  const answered = of('xstate.done.actor.verifyPrefix').filter(({ from }) => !from.snapshot.context.isProven);
  expect(answered.length).toBeGreaterThan(0);
  expect(answered.filter(comesAlive)).toEqual([]);
  expect(answered.some(({ snapshot }) => snapshot.matches('listing'))).toBe(true);
  for (const { event, snapshot } of of('connection.up')) {
    expect(snapshot.context.isProven).toBe(!('isUnidentified' in event));
  }
});

test('follows from its position', () => {
  for (const move of graph.moves) {
    for (const { id, input: asked } of asksOf(move)) {
      const { revision } = move.snapshot.context;
      if (id === 'watchPrefix') expect(asked, nameOf(move)).toEqual({ prefix, fromRevision: revision });
      else if (id === 'verifyPrefix') expect(asked, nameOf(move)).toEqual({ prefix, revision });
      else expect(asked, nameOf(move)).toEqual({ prefix });
    }
  }
});

test('lists anew after a compaction, a history that went back, and a copy that does not match', () => {
  const lost = [
    ...of('watch.compacted'),
    ...of('watch.created').filter(({ from, event }) => {
      const { revision } = event as unknown as { readonly revision: string };
      return BigInt(revision) < BigInt(from.snapshot.context.revision ?? '0');
    }),
    ...of('xstate.after.verifyPatience.watcher.following.reconnecting.settling'),
  ];
  expect(lost.length).toBeGreaterThan(0);
  for (const move of lost) {
    expect(move.to.snapshot.matches({ listing: 'asking' }), nameOf(move)).toBe(true);
    const { resumableUnder, linkHistory } = move.snapshot.context;
    expect(resumableUnder, nameOf(move)).not.toBe(linkHistory);
  }
});

test('asks for nothing without a link, and one question at a time with it', () => {
  for (const state of graph.states) {
    const running = runningIn(state);
    if (state.snapshot.context.epoch === null) expect(running, state.key).toEqual([]);
    expect(running.filter((port) => port !== 'watchPrefix').length, state.key).toBeLessThanOrEqual(1);
  }
});

test('can be live and can be closed as long as it lives, and nothing breaks it [SEE-2]', () => {
  expect(strandedLive(graph, isLive)).toEqual([]);
  expect(strandedLive(graph, ({ snapshot }) => snapshot.value === 'closed')).toEqual([]);
  expect(unreachedStates(watcherMachine, graph)).toEqual([]);
  expectSound(graph);
});

test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
  const walked = await walkEveryMove({
    machine: watcherMachine,
    graph,
    input,
    requests: ['listPrefix', 'verifyPrefix'],
    streams: { watchPrefix: { facts: 'watch.', late: { type: 'watch.compacted', compactRevision: '9' } } },
    check: (_, world) => expect(world.openCount).toBeLessThanOrEqual(2),
  });
  tellSize('watcher', graph, walked);
});
