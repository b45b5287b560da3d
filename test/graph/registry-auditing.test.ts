import { describe, expect, test } from 'vitest';
import type { AnyEventObject } from 'xstate';
import {
  type BatchOutcome,
  Failure,
  type LeaseContent,
  type Registration,
  type RegistryContext,
  registryMachine,
} from '../../machines/index.js';
import { promptRepairsMax } from '../../machines/registration.js';
import { exploreMachine, type GraphState, type MachineGraph, type Move } from '../../src/testing/index.js';
import { asksOf, expectSound, nameOf, runningIn, strandedLive, tellSize } from './claims.js';
import { walkToEveryState } from './live.js';
import {
  answersFor,
  drawPlan,
  drawRegistration,
  failed,
  input,
  inputOf,
  key,
  leaseNewsFor,
  notSentBare,
  ports,
  type Registry,
  wish,
  withdrawal,
} from './registry-drawing.js';

const stray = '/dubbo/a/providers/stray';
const applied: BatchOutcome = { type: 'applied', revision: '5', foreign: [] };

interface World {
  readonly contents: readonly LeaseContent[];
  readonly outcomes: readonly BatchOutcome[];
  readonly withdraws: boolean;
  /** Somebody deletes keys, or following them breaks off. */
  readonly deletes: boolean;
}

const ownKeysFacts: readonly AnyEventObject[] = [
  { type: 'ownKeys.deleted', keys: [key] },
  { type: 'ownKeys.fenceDeleted' },
  { type: 'ownKeys.opened' },
  ...(['denied', 'compacted', 'bug'] as const).map((kind) => ({
    type: 'ownKeys.broken',
    failure: { kind, message: kind },
  })),
];

function isAsking(auditing: string): boolean {
  return auditing === 'reading' || auditing === 'checking';
}

/** Audits while the registry runs; without a fence, which has its proof elsewhere. */
function explore({ contents, outcomes, withdraws, deletes }: World): MachineGraph<Registry> {
  return exploreMachine(registryMachine, {
    input,
    limit: 40_000,
    unsent: [...notSentBare, 'xstate.done.actor.openFence'],
    abstract: ({ context, value }) => ({
      linked: context.epoch !== null,
      lease: context.lease !== null,
      fence: context.fence.status,
      hasWritten: context.flush > 0,
      isAuditDue: context.isAuditDue,
      registrations: [key, stray].map((each) =>
        draw(context.registrations.get(each), context, isAsking(value.auditing)),
      ),
      plan: drawPlan(context),
    }),
    samples: ({ context, value }) => [
      ...(withdraws ? [wish, withdrawal] : context.registrations.has(key) ? [] : [wish]),
      context.epoch === null
        ? { type: 'connection.up', epoch: 1, history: 0, endpoint: 'a' }
        : { type: 'connection.down', reason: 'reset' },
      ...leaseNewsFor(context),
      { type: 'xstate.error.actor.openFence', error: new Failure('denied', 'denied') },
      { type: 'xstate.error.actor.readLease', error: new Failure('timeout', 'timeout') },
      ...(deletes && value.guarding === 'following' ? ownKeysFacts : []),
      ...contents.map((output) => ({ type: 'xstate.done.actor.readLease', output })),
      ...answersFor(context, outcomes),
      { type: 'xstate.error.actor.writeBatches', error: new Failure('bug', 'bug') },
    ],
  });
}

function draw(registration: Registration | undefined, context: RegistryContext, isAsking: boolean): unknown {
  if (registration === undefined) return null;
  const { key: name, flush, lastError, repairs } = registration;
  return [
    drawRegistration(registration, context),
    context.dirty.has(name),
    [flush === context.flush, isAsking && flush <= context.auditFlush],
    lastError?.kind === 'denied',
    repairs,
  ];
}

describe.each<World & { readonly name: string }>([
  {
    name: 'registry, audits that find strays',
    withdraws: false,
    deletes: false,
    outcomes: [applied],
    contents: [
      { ttlSeconds: 5, keys: [key], missing: [] },
      { ttlSeconds: 5, keys: [], missing: [] },
      { ttlSeconds: 5, keys: [key, stray], missing: [] },
      { ttlSeconds: -1, keys: [], missing: [] },
    ],
  },
  {
    name: 'registry, audits after refusals',
    withdraws: true,
    deletes: false,
    outcomes: [applied, failed('denied')],
    contents: [
      { ttlSeconds: 5, keys: [key], missing: [] },
      { ttlSeconds: 5, keys: [], missing: [] },
    ],
  },
  {
    name: 'registry, audits of what somebody deletes',
    withdraws: false,
    deletes: true,
    outcomes: [applied],
    contents: [
      { ttlSeconds: 5, keys: [key], missing: [] },
      { ttlSeconds: 5, keys: [], missing: [] },
      { ttlSeconds: -1, keys: [], missing: [] },
    ],
  },
])('$name', ({ name, ...world }) => {
  const graph = explore(world);
  const audited = graph.moves.filter(({ event }) => event.type === 'xstate.done.actor.readLease');
  const contentOf = ({ event }: Move<Registry>) =>
    (event as unknown as { readonly output: LeaseContent }).output;

  test('reads the lease in use only, and stops reading when it or the link is lost', () => {
    for (const move of graph.moves) {
      for (const { id, input: asked } of asksOf(move)) {
        const leaseId = move.snapshot.context.lease?.leaseId;
        if (id === 'readLease') expect(asked, nameOf(move)).toEqual({ leaseId, unleased: [] });
      }
    }
    for (const state of graph.states.filter((each) => runningIn(each).includes('readLease'))) {
      const { epoch, lease } = state.snapshot.context;
      expect(epoch, state.key).not.toBe(null);
      expect(inputOf(state, 'readLease'), state.key).toMatchObject({ leaseId: lease?.leaseId });
    }
  });

  test('reports the lease it has read as lost when etcd says so, and changes nothing else', () => {
    for (const move of audited.filter((each) => contentOf(each).ttlSeconds <= 0)) {
      const leaseId = move.from.snapshot.context.lease?.leaseId;
      const sent = graph.effectsOf(move).filter(({ type }) => type === 'xstate.sendTo');
      expect(sent, nameOf(move)).toMatchObject([
        { params: { event: { type: 'lease.reportedLost', leaseId } } },
      ]);
      expect(move.snapshot.context.dirty).toBe(move.from.snapshot.context.dirty);
    }
  });

  test('repairs what was written before the audit began and is missing, and nothing younger', () => {
    for (const move of audited.filter((each) => contentOf(each).ttlSeconds > 0)) {
      const { registrations, auditFlush, lease, isAuditDue } = move.from.snapshot.context;
      const known = registrations.get(key);
      if (known?.state !== 'written') continue;
      const isDue = isAuditDue || known.repairs < promptRepairsMax;
      const isJudged = known.leaseId === lease?.leaseId && known.flush <= auditFlush;
      const isMissing = isDue && isJudged && !contentOf(move).keys.includes(key);
      expect(move.snapshot.context.registrations.get(key), nameOf(move)).toMatchObject(
        isMissing ? { state: 'pending', repair: true } : { state: 'written' },
      );
    }
  });

  test('looks again after every word that something of ours is gone, unless it has no lease or link', () => {
    const looking = ['suspecting', 'settling', 'checking', 'backingOff'];
    const told = graph.moves.filter(({ event }) => event.type.startsWith('ownKeys.'));
    for (const move of told.filter(({ event }) => event.type !== 'ownKeys.broken')) {
      const { context } = move.from.snapshot;
      const known = context.registrations.get(key);
      const isLoss = known?.state === 'written' && known.repairs < promptRepairsMax;
      if (context.lease === null || (move.event.type === 'ownKeys.deleted' && !isLoss)) continue;
      expect(looking, nameOf(move)).toContain(move.snapshot.value.auditing);
    }
    expect(told.length > 0).toBe(world.deletes);
  });

  test('withdraws a key under its lease that nobody wants, and no other', () => {
    for (const move of audited) {
      const { registrations } = move.from.snapshot.context;
      const found = contentOf(move).keys.filter((each) => !registrations.has(each));
      for (const each of found) {
        expect(move.snapshot.context.registrations.get(each), nameOf(move)).toMatchObject({
          state: 'withdrawing',
        });
        expect(move.snapshot.context.dirty.has(each), nameOf(move)).toBe(true);
      }
      if (found.includes(key)) continue;
      const state = move.snapshot.context.registrations.get(key)?.state;
      if (registrations.get(key)?.state !== 'withdrawing')
        expect(state, nameOf(move)).not.toBe('withdrawing');
    }
  });

  test('writes a repair only if nobody else has taken the key over', () => {
    for (const move of graph.moves) {
      const known = move.snapshot.context.registrations.get(key);
      if (known?.repair !== true) continue;
      for (const { input: asked } of asksOf(move).filter(({ id }) => id === 'writeBatches')) {
        const { batches } = asked as {
          readonly batches: readonly { readonly operations: readonly object[] }[];
        };
        expect(
          batches.flatMap(({ operations }) => operations),
          nameOf(move),
        ).toContainEqual(expect.objectContaining({ type: 'put', key, onlyIfFree: true }));
      }
    }
  });

  test('puts off a regular audit for nothing but a missing lease or link', () => {
    const isDue = ({ snapshot: { context } }: GraphState<Registry>): boolean =>
      context.isAuditDue && context.lease !== null && context.epoch !== null;
    const isIdle = ({ snapshot }: GraphState<Registry>): boolean => snapshot.value.auditing === 'resting';
    expect(graph.states.filter((state) => isDue(state) && isIdle(state))).toEqual([]);
    const unanswered = graph.moves.filter(({ event }) => !event.type.endsWith('.actor.readLease'));
    for (const move of unanswered.filter(({ from }) => from.snapshot.context.isAuditDue)) {
      expect(move.snapshot.context.isAuditDue, nameOf(move)).toBe(true);
    }
  });

  test('can always audit again while it runs, and nothing breaks it', () => {
    const isReading = ({ snapshot }: GraphState<Registry>): boolean => snapshot.value.auditing === 'reading';
    expect(strandedLive(graph, isReading)).toEqual([]);
    expectSound(graph, 20);
  });

  test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
    const walked = await walkToEveryState({ machine: registryMachine, graph, input, ...ports });
    tellSize(name, graph, walked);
  });
});
