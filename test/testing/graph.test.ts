import { expect, test } from 'vitest';
import { assign, emit, fromPromise, setup } from 'xstate';
import { exploreMachine } from '../../src/testing/index.js';

/** Asks at most twice; a second failure is final. */
const asking = setup({
  types: {} as {
    input: { readonly question: string };
    context: { readonly question: string; readonly failures: number; readonly answers: number };
    events: { readonly type: 'ask' } | { readonly type: 'stop' };
    emitted: { readonly type: 'answered' };
  },
  actors: { answer: fromPromise<string, string>(() => Promise.resolve('yes')) },
  delays: { pause: 100 },
  guards: { isLast: ({ context }) => context.failures >= 1 },
  actions: {
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    countAnswer: assign({ failures: 0, answers: ({ context }) => context.answers + 1 }),
    tell: emit({ type: 'answered' }),
  },
}).createMachine({
  context: ({ input }) => ({ question: input?.question ?? '', failures: 0, answers: 0 }),
  initial: 'idle',
  on: { stop: '.stopped' },
  states: {
    idle: { on: { ask: 'waiting' } },
    waiting: {
      invoke: {
        id: 'answer',
        src: 'answer',
        input: ({ context }) => context.question,
        onDone: { target: 'idle', actions: ['countAnswer', 'tell'] },
        onError: [
          { guard: 'isLast', target: 'failed' },
          { target: 'pausing', actions: 'countFailure' },
        ],
      },
    },
    pausing: { after: { pause: 'waiting' } },
    failed: {},
    stopped: { type: 'final' },
  },
});

const byFailures = exploreMachine(asking, {
  input: { question: 'now?' },
  abstract: ({ context }) => context.failures,
});

const valuesOf = (states: readonly { readonly snapshot: { readonly value: unknown } }[]): unknown[] =>
  states.map(({ snapshot }) => snapshot.value);

test('finds every state once, nearest first, with the input and the clipped context', () => {
  expect(byFailures.states.map(({ snapshot }) => [snapshot.value, snapshot.context.failures])).toEqual([
    ['idle', 0],
    ['waiting', 0],
    ['stopped', 0],
    ['pausing', 1],
    ['waiting', 1],
    ['stopped', 1],
    ['failed', 1],
  ]);
  expect(byFailures.initial.snapshot.context.question).toBe('now?');
});

test('sends answers and timers bare when there is no sample, and nothing to a machine that has ended', () => {
  const waiting = byFailures.states[1];
  expect(waiting?.moves.map(({ event }) => event)).toEqual([
    { type: 'xstate.done.actor.answer' },
    { type: 'xstate.error.actor.answer' },
    { type: 'stop' },
  ]);
  expect(byFailures.states[2]?.moves).toEqual([]);
});

test('tells the shortest way to a state', () => {
  const failed = byFailures.states.find(({ snapshot }) => snapshot.value === 'failed');
  if (failed === undefined) throw new Error('not found');
  expect(byFailures.pathTo(failed).map(({ event }) => event.type)).toEqual([
    'ask',
    'xstate.error.actor.answer',
    'xstate.after.pause.(machine).pausing',
    'xstate.error.actor.answer',
  ]);
  expect(byFailures.pathTo(byFailures.initial)).toEqual([]);
});

test('tells what the machine asks for on a move', () => {
  const answered = byFailures.moves.find(({ event }) => event.type === 'xstate.done.actor.answer');
  if (answered === undefined) throw new Error('not found');
  expect(byFailures.effectsOf(answered).map(({ type }) => type)).toEqual(['xstate.stopChild', 'xstate.emit']);
});

test('names the states that cannot reach a goal', () => {
  const stranded = byFailures.stranded(({ snapshot }) => snapshot.value === 'idle');
  expect(valuesOf(stranded)).toEqual(['stopped', 'stopped', 'failed']);
  expect(byFailures.stranded(({ snapshot }) => snapshot.status === 'done')).toEqual([]);
  const withoutAnswer = byFailures.stranded(
    ({ snapshot }) => snapshot.value === 'idle',
    ({ event }) => event.type !== 'xstate.done.actor.answer',
  );
  expect(withoutAnswer.length).toBe(byFailures.states.length - 1);
});

test('finds the moves that an abstraction blurs', () => {
  expect(byFailures.blurred()).toEqual([]);
  const byValue = exploreMachine(asking);
  expect(valuesOf(byValue.states)).toEqual(['idle', 'waiting', 'stopped', 'pausing']);
  expect(byValue.blurred().map(({ event }) => event.type)).toEqual(['xstate.after.pause.(machine).pausing']);
});

test('uses samples that fit the snapshot, in place of the bare event', () => {
  const graph = exploreMachine(asking, {
    abstract: ({ context }) => context.failures,
    samples: ({ context }) => [{ type: 'stop', after: context.failures }],
  });
  expect(graph.moves.map(({ event }) => event).filter(({ type }) => type === 'stop')).toEqual([
    { type: 'stop', after: 0 },
    { type: 'stop', after: 0 },
    { type: 'stop', after: 1 },
    { type: 'stop', after: 1 },
    { type: 'stop', after: 1 },
  ]);
});

test('does not send what only the machine itself raises', () => {
  const graph = exploreMachine(asking, { unsent: ['stop'] });
  expect(graph.moves.filter(({ event }) => event.type === 'stop')).toEqual([]);
});

test('finds the state that stands for a snapshot', () => {
  for (const move of byFailures.moves) expect(byFailures.find(move.snapshot)).toBe(move.to);
});

test('throws instead of exploring for ever', () => {
  expect(() => exploreMachine(asking, { abstract: ({ context }) => context.answers, limit: 100 })).toThrow(
    'limit exceeded',
  );
});
