/** How the registry machine is drawn for its proofs: one key, and of the context what decides what happens next. */
import type { AnyEventObject } from 'xstate';
import type {
  BatchAnswered,
  BatchOutcome,
  DesiredEntry,
  FailureKind,
  Registration,
  RegistryContext,
  registryMachine,
} from '../../machines/index.js';
import type { GraphState } from '../../src/testing/index.js';

export type Registry = typeof registryMachine;

export const input = { endpoints: ['a:2379'], ttlSeconds: 9, leaseSeed: '1000' };

export const key = '/dubbo/a/providers/x';

/** What only the machine raises; and what the samples send by themselves whenever it can happen. */
export const notSentBare: readonly string[] = [
  'child.ended publishing.stop registry.ended machine.failed batch.answered',
  'connection.up connection.down lease.alive lease.expired lease.doubtful lease.renewed',
  'registry.register registry.withdraw registry.close',
  'clock.jumped xstate.error.actor.watchClock',
  'ownKeys.opened ownKeys.deleted ownKeys.fenceDeleted ownKeys.broken xstate.error.actor.watchOwnKeys',
  'xstate.done.actor.connection xstate.done.actor.lease xstate.done.actor.watchers',
  'xstate.error.actor.connection xstate.error.actor.lease xstate.error.actor.watchers',
].flatMap((types) => types.split(' '));

export const wish: AnyEventObject = {
  type: 'registry.register',
  entries: [{ key, value: 'v', leased: true, parent: null } satisfies DesiredEntry],
};

export const withdrawal: AnyEventObject = { type: 'registry.withdraw', keys: [key] };

/** The connection says up and down in turn; when it is up again, etcd may have another history. */
export function linkNewsFor({ epoch, history }: RegistryContext): readonly AnyEventObject[] {
  if (epoch !== null) return [{ type: 'connection.down', reason: 'reset' }];
  return [0, 1].map((more) => ({
    type: 'connection.up',
    epoch: 1,
    history: history + more,
    endpoint: 'a',
  }));
}

let generation = 0;

/** The lease says alive and expired in turn, each time with a new id. */
export function leaseNewsFor({ lease }: RegistryContext): readonly AnyEventObject[] {
  if (lease !== null) return [{ type: 'lease.expired', leaseId: lease.leaseId, reason: 'gone' }];
  generation += 1;
  return [{ type: 'lease.alive', leaseId: `lease ${generation}`, generation, ttlSeconds: 9 }];
}

/** Every transaction on its way, with each of these answers. */
export function answersFor(
  { plan }: RegistryContext,
  outcomes: readonly BatchOutcome[],
): readonly BatchAnswered[] {
  return plan.flatMap(({ id }) =>
    outcomes.map((outcome) => ({ type: 'batch.answered', batch: id, outcome }) as const),
  );
}

export function failed(kind: FailureKind): BatchOutcome {
  return { type: 'failed', failure: { kind, message: kind } };
}

/** A registration, without what only counts. */
export function drawRegistration(
  registration: Registration | undefined,
  { lease, fence, terms, plan }: RegistryContext,
): unknown {
  if (registration === undefined) return null;
  const { state, sent, solo, repair, leaseId, ambiguous, version } = registration;
  const value = fence.status === 'open' ? fence.value : null;
  return {
    state,
    sent,
    solo,
    repair,
    lease: leaseId === null ? null : leaseId === lease?.leaseId,
    ambiguous: ambiguous && [
      ambiguous.fence === value,
      plan.length > 0 && ambiguous.fence === terms.fence,
      ambiguous.version === version,
    ],
  };
}

/** What is on its way to etcd: for which intent, what, with a bump or not, and whether its lease is still in use. */
export function drawPlan({ plan, registrations, lease, terms }: RegistryContext): unknown {
  return plan.map(({ versions, operations, fenceBump }) => [
    lease?.leaseId === terms.leaseId,
    [...versions].map(([each, version]) => [each, registrations.get(each)?.version === version]),
    operations.map(({ type }) => type),
    fenceBump !== null,
  ]);
}

/** What an actor that runs in this state was started with. */
export function inputOf<Input>({ snapshot }: GraphState<Registry>, id: string): Input | undefined {
  const children: Readonly<Record<string, { getSnapshot(): unknown } | undefined>> = snapshot.children;
  const running = children[id]?.getSnapshot() as { readonly input: Input } | undefined;
  return running?.input;
}

/** How to walk the registry live: its child machines are ports like the others, which answer when they end. */
export const ports = {
  requests: ['openFence', 'readLease', 'connection', 'lease'],
  streams: {
    writeBatches: {
      facts: 'batch.',
      late: { type: 'batch.answered', batch: 0, outcome: { type: 'applied', revision: '9', foreign: [] } },
    },
    watchers: { facts: 'watcher.', late: { type: 'watcher.live' } },
    watchClock: { facts: 'clock.', late: { type: 'clock.jumped', aheadMs: 1 } },
    watchOwnKeys: { facts: 'ownKeys.', late: { type: 'ownKeys.deleted', keys: [key] } },
  },
};
