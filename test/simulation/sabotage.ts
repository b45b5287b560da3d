/**
 * Defects put into the machines on purpose, one at a time and in this process only, to see whether the simulation finds
 * them. Each stands for a mistake that somebody has made or could make; product code is not touched.
 */
import { enqueueActions } from 'xstate';
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../../machines/index.js';
import { both, patch, reassigned } from './patching.js';
import type { PlayOptions } from './simulation.js';
import { type Txn, withoutFence, withoutGuards } from './tampering.js';

export interface Defect {
  readonly name: string;
  /** What the code would do with it. */
  readonly what: string;
  /** Puts it in; the returned function takes it out again. */
  install(): () => void;
  readonly tampering?: PlayOptions['tampering'];
}

/** A lease comes or goes without a thought for what lay under it. */
const blind = reassigned(({ lease, fence = null }, was) => ({ lease, fence: fence ?? was['fence'] }));

interface Registered {
  readonly state: string;
  readonly version: number;
}
interface Registrations extends Iterable<readonly [string, Registered]> {
  get(key: string): Registered | undefined;
  with(changes: readonly (readonly [string, unknown])[]): Registrations;
}
interface Batch {
  readonly versions: ReadonlyMap<string, number>;
}

let headerSeen = '0';

export const defects: readonly Defect[] = [
  {
    name: 'header revision as resume point',
    what: 'resumes at the header of an event batch instead of at its last event',
    tampering: {
      told: (_prefix, revision) => {
        headerSeen = revision;
      },
    },
    install: () =>
      patch(
        watcherMachine,
        'actions',
        'rememberChanges',
        reassigned((result) => ({ ...result, revision: later(String(result['revision']), headerSeen) })),
      ),
  },
  {
    name: 'created header as resume point',
    what: 'takes the header of the answer "created" for what was delivered',
    install: () =>
      patch(
        watcherMachine,
        'guards',
        'wentBack',
        (original: (args: { context: { revision: string } }, fact: { revision: string }) => boolean) =>
          (args: { context: { revision: string } }, fact: { revision: string }) => {
            const hasGoneBack = original(args, fact);
            if (!hasGoneBack) args.context.revision = later(args.context.revision, fact.revision);
            return hasGoneBack;
          },
      ),
  },
  {
    name: 'merge instead of replace',
    what: 'adds a new listing to the old view instead of replacing it',
    install: () =>
      patch(
        watcherMachine,
        'actions',
        'announceListing',
        (original: { collect: (args: never, listing: never) => void }) =>
          enqueueActions((args, listing: { revision: string; entries: readonly object[] }) => {
            const { context, enqueue } = args as unknown as {
              context: { revision: string | null; prefix: string; parentRef: object };
              enqueue: { sendTo: (to: object, event: object) => void };
            };
            if (context.revision === null) {
              original.collect(args as never, listing as never);
              return;
            }
            const changes = listing.entries.map((entry) => ({ type: 'put', ...entry }));
            const { prefix, parentRef } = context;
            enqueue.sendTo(parentRef, {
              type: 'watcher.changed',
              prefix,
              revision: listing.revision,
              changes,
            });
          }),
      ),
  },
  {
    name: 'watch without start revision',
    what: 'opens the watch from now on instead of from the listing on',
    tampering: {
      tamper: (kind, request) => {
        if (kind !== 'create') return request;
        const { create_request: create } = request as { create_request: object };
        return { create_request: { ...create, start_revision: '0' } };
      },
    },
    install: () => () => {},
  },
  {
    name: 'no verify read',
    what: 'calls a resumed view live without comparing it with etcd',
    install: () => patch(watcherMachine, 'guards', 'isConfirmed', () => () => true),
  },
  {
    name: 'any history resumed',
    what: 'resumes a view from before a wipe, as if the history were the same',
    install: () =>
      patch(
        watcherMachine,
        'guards',
        'canResumeOn',
        () => (args: { context: { resumableUnder: unknown } }) => args.context.resumableUnder !== null,
      ),
  },
  {
    name: 'stale epoch accepted',
    what: 'does not notice that the history behind the link is another one',
    install: () =>
      patch(
        connectionMachine,
        'actions',
        'rememberCluster',
        reassigned((result, context) => ({ ...result, history: context['history'] })),
      ),
  },
  {
    name: 'no fence',
    what: 'writes without comparing a fence',
    tampering: {
      tamper: (kind, request) => (kind === 'txn' ? withoutFence(request as Txn) : request),
    },
    install: () => () => {},
  },
  {
    name: 'fence never moved',
    what: 'withdraws without overtaking a write of unknown outcome',
    install: () =>
      patch(
        registryMachine,
        'actions',
        'planFlush',
        reassigned((result) => ({
          ...result,
          plan: (result['plan'] as readonly object[]).map((batch) => ({
            ...batch,
            fenceBump: null,
            retiredFences: [],
          })),
        })),
      ),
  },
  {
    name: 'path forgotten after the delete',
    what: 'keeps a withdrawn entry desired until its delete is answered, so that a replay writes it again',
    install: () =>
      patch(
        registryMachine,
        'actions',
        'rememberLease',
        reassigned((result) => {
          const registrations = result['registrations'] as Registrations;
          const kept = [...registrations].filter(([, { state }]) => state === 'withdrawing');
          const again = kept.map(([key, known]) => [key, { ...known, state: 'pending' }] as const);
          return { ...result, registrations: registrations.with(again) };
        }),
      ),
  },
  {
    name: 'dead lease id reused',
    what: 'asks for a lost lease again under the same id, and takes what lay under it for still there',
    install: () => {
      const earlier = reassigned((news, { generation }) => ({ ...news, generation: Number(generation) - 1 }));
      const undo = patch(leaseMachine, 'actions', 'rememberLoss', earlier);
      return both(undo, patch(registryMachine, 'actions', 'forgetLease', blind));
    },
  },
  {
    name: 'generation ignored',
    what: 'does not write again what lay under the lease before',
    install: () => {
      const undo = patch(registryMachine, 'actions', 'rememberLease', blind);
      return both(undo, patch(registryMachine, 'actions', 'forgetLease', blind));
    },
  },
  {
    name: 'lease trusted for ever',
    what: 'calls a lease alive however long ago it was renewed',
    install: () => patch(leaseMachine, 'delays', 'lossDelay', () => 1_000_000_000),
  },
  {
    name: 'no audit',
    what: 'never compares the lease with what is desired',
    install: () => patch(registryMachine, 'actions', 'applyAudit', () => enqueueActions(() => {})),
  },
  {
    name: 'fence waited for',
    what: 'writes nothing as long as the fence is denied',
    install: () => patch(registryMachine, 'guards', 'isDenied', () => () => false),
  },
  {
    name: 'denied for good',
    what: 'does not ask again for a prefix or a fence that was denied',
    install: () => patch(registryMachine, 'actions', 'retryDenied', () => enqueueActions(() => {})),
  },
  {
    name: 'replay ignores a newer intent',
    what: 'takes the answer to an older intent for the answer to the newest',
    install: () =>
      patch(
        registryMachine,
        'actions',
        'recordAnswer',
        (original: { collect: (args: never, answer: never) => void }) =>
          enqueueActions((args, answer: object) => {
            const { context } = args as unknown as {
              context: { plan: readonly Batch[]; registrations: Registrations };
            };
            const plan = context.plan.map((batch) => ({
              ...batch,
              versions: asOfNow(batch, context.registrations),
            }));
            original.collect({ ...args, context: { ...context, plan } } as never, answer as never);
          }),
      ),
  },
  {
    name: 'unguarded delete',
    what: 'deletes a key without comparing whose it is',
    tampering: { tamper: (kind, request) => (kind === 'txn' ? withoutGuards(request as Txn) : request) },
    install: () => () => {},
  },
];

function later(a: string, b: string): string {
  return BigInt(a) > BigInt(b) ? a : b;
}

function asOfNow(batch: Batch, registrations: Registrations): ReadonlyMap<string, number> {
  return new Map(
    [...batch.versions].map(([key, version]) => [key, registrations.get(key)?.version ?? version]),
  );
}
