import { expect, test } from 'vitest';
import {
  type BatchOutcome,
  Failure,
  type OpenedFence,
  type Registration,
  type RegistryContext,
  registryMachine,
  type WriteBatch,
} from '../../machines/index.js';
import { exploreMachine, type GraphState, type Move } from '../../src/testing/index.js';
import { asksOf, expectSound, nameOf, newsOf, runningIn, strandedLive, tellSize } from './claims.js';
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
  linkNewsFor,
  notSentBare,
  ports,
  type Registry,
  wish,
  withdrawal,
} from './registry-drawing.js';

interface WriteInput {
  readonly leaseId: string;
  readonly fence: string | null;
  readonly batches: readonly WriteBatch[];
}

const outcomes: readonly BatchOutcome[] = [
  { type: 'applied', revision: '5', foreign: [] },
  { type: 'applied', revision: '5', foreign: [key] },
  { type: 'fenced', fence: null },
  ...(['timeout', 'noSpace', 'denied', 'leaseLost'] as const).map(failed),
];

let fenceStart = 0;

/** A value that no fence had before. */
function anotherFence(): string {
  fenceStart += 1_000;
  return String(fenceStart);
}

/** A fence that is created begins anew; one that is there still has the value that an unanswered write compared. */
function openingsFor({ registrations }: RegistryContext): readonly OpenedFence[] {
  const there = registrations.get(key)?.ambiguous?.fence;
  const fences = [anotherFence(), ...(there === undefined ? [] : [there])];
  return fences.map((fence) => ({ fence, sentinel: 's' }));
}

/** Publishing while the registry runs; the audits and the end have proofs of their own. */
const machine = registryMachine.provide({
  guards: { shouldAudit: () => false, holdsLease: () => false, canGuard: () => false },
});

const graph = exploreMachine(machine, {
  input,
  limit: 40_000,
  unsent: notSentBare,
  abstract: ({ context }) => ({
    linked: context.epoch !== null,
    lease: context.lease !== null,
    fence: context.fence.status,
    fenceAge: Math.min(context.flush - context.fenceFlush, 2),
    registration: drawRegistration(context.registrations.get(key), context),
    dirty: context.dirty.has(key),
    plan: drawPlan(context),
    retries: context.retries > 0,
  }),
  samples: ({ context }) => [
    wish,
    withdrawal,
    ...linkNewsFor(context),
    ...leaseNewsFor(context),
    ...openingsFor(context).map((output) => ({ type: 'xstate.done.actor.openFence', output })),
    ...(['timeout', 'denied', 'leaseLost'] as const).map((kind) => ({
      type: 'xstate.error.actor.openFence',
      error: new Failure(kind, kind),
    })),
    ...answersFor(context, [...outcomes, { type: 'fenced', fence: anotherFence() }]),
    { type: 'xstate.error.actor.writeBatches', error: new Failure('bug', 'bug') },
  ],
});

const registrationIn = ({ registrations }: RegistryContext): Registration | undefined =>
  registrations.get(key);
const writingIn = (state: GraphState<Registry>): WriteInput | undefined => inputOf(state, 'writeBatches');
const answered = graph.moves.filter(({ event }) => event.type === 'batch.answered');

test('writes and opens the fence only with a link and under the lease in use', () => {
  let asks = 0;
  for (const move of graph.moves) {
    for (const { id, input: asked } of asksOf(move)) {
      const { epoch, lease } = move.snapshot.context;
      expect(epoch, nameOf(move)).not.toBe(null);
      expect(asked, `${id} ${nameOf(move)}`).toMatchObject({ leaseId: lease?.leaseId });
      asks += 1;
    }
  }
  expect(asks).toBeGreaterThan(0);
  for (const state of graph.states) {
    const isAsking = runningIn(state).some((id) => id === 'writeBatches' || id === 'openFence');
    if (isAsking) expect(state.snapshot.context.epoch, state.key).not.toBe(null);
  }
});

test('keeps every wanted entry written under the lease in use, or dirty, or refused', () => {
  for (const { key: name, snapshot } of graph.states) {
    const { lease, dirty } = snapshot.context;
    const registration = registrationIn(snapshot.context);
    if (registration === undefined || registration.state === 'failed' || dirty.has(key)) continue;
    expect(registration.state, name).toBe('written');
    if (lease !== null) expect(registration.leaseId, name).toBe(lease.leaseId);
  }
});

test('tells that an entry is written only when it was written under the lease in use', () => {
  const told = answered.flatMap((move) => newsOf(graph, move).map((news) => ({ move, news })));
  const written = told.filter(({ news }) => news.type === 'registration.written');
  expect(written.length).toBeGreaterThan(0);
  for (const { move, news } of written) {
    const { lease } = move.from.snapshot.context;
    expect(news, nameOf(move)).toMatchObject({ leaseId: lease?.leaseId });
    expect(writingIn(move.from)?.leaseId, nameOf(move)).toBe(lease?.leaseId);
  }
});

test('reports only that lease lost under which etcd refused the write', () => {
  let reports = 0;
  for (const move of answered) {
    for (const { type, params } of graph.effectsOf(move)) {
      if (type !== 'xstate.sendTo') continue;
      const { leaseId } = writingIn(move.from) ?? {};
      expect(params, nameOf(move)).toMatchObject({ event: { type: 'lease.reportedLost', leaseId } });
      reports += 1;
    }
  }
  expect(reports).toBeGreaterThan(0);
});

test('forgets an entry only after etcd has answered its delete, or when nothing of it was sent', () => {
  for (const move of graph.moves) {
    const known = registrationIn(move.from.snapshot.context);
    if (known === undefined || registrationIn(move.snapshot.context) !== undefined) continue;
    if (move.event.type === 'registry.withdraw') {
      expect(known.sent || move.from.snapshot.context.plan.length > 0, nameOf(move)).toBe(false);
    } else {
      const [batch] = writingIn(move.from)?.batches ?? [];
      expect(move.event, nameOf(move)).toMatchObject({ outcome: { type: 'applied' } });
      expect(batch?.operations, nameOf(move)).toMatchObject([{ type: 'delete', key }]);
    }
  }
});

test('overtakes a write that may still be applied, and repeats a delete, only with a move of the fence', () => {
  let overtaken = 0;
  for (const move of graph.moves) {
    const writing = asksOf(move).find(({ id }) => id === 'writeBatches')?.input as WriteInput | undefined;
    const known = registrationIn(move.snapshot.context);
    if (writing?.fence == null || known?.ambiguous?.fence !== writing.fence) continue;
    if (known.ambiguous.version === known.version && known.state !== 'withdrawing') continue;
    const bumps = writing.batches.map(({ fenceBump }) => fenceBump);
    expect(bumps, nameOf(move)).toEqual([String(Number(writing.fence) + 1)]);
    overtaken += 1;
  }
  expect(overtaken).toBeGreaterThan(0);
});

test('keeps the fence of the lease in use only', () => {
  for (const move of graph.moves) {
    const [before, now] = [move.from.snapshot.context, move.snapshot.context];
    if (now.fence.status !== 'open' || before.fence === now.fence) continue;
    const asked = writingIn(move.from) ?? inputOf<{ leaseId: string }>(move.from, 'openFence');
    expect(asked?.leaseId, nameOf(move)).toBe(now.lease?.leaseId);
  }
});

/** What happens when etcd and the link are well. */
function isGood({ event }: Move<Registry>): boolean {
  if (event.type === 'batch.answered') {
    const { outcome } = event as unknown as { readonly outcome: BatchOutcome };
    return outcome.type === 'applied' && outcome.foreign.length === 0;
  }
  return (
    ['connection.up', 'lease.alive', 'xstate.done.actor.openFence'].includes(event.type) ||
    event.type.startsWith('xstate.after.')
  );
}

test('makes etcd equal to what is desired as soon as nothing hinders it, without being asked again', () => {
  const isSettled = ({ snapshot }: GraphState<Registry>): boolean => {
    const { dirty, lease, registrations } = snapshot.context;
    const state = registrations.get(key)?.state;
    return (
      !dirty.has(key) && lease !== null && snapshot.matches({ publishing: 'idle' }) && state !== 'withdrawing'
    );
  };
  const isStopped = ({ snapshot }: GraphState<Registry>): boolean => snapshot.value.life === 'failed';
  expect(strandedLive(graph, (state) => isSettled(state) || isStopped(state), isGood)).toEqual([]);
});

test('is not broken by anything', () => {
  expectSound(graph, 40);
});

test('does the same on live actors, where late answers change nothing and nothing is left open', async () => {
  const walked = await walkToEveryState({ machine, graph, input, ...ports });
  tellSize('registry, publishing', graph, walked);
});
