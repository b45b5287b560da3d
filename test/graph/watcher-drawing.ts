/** How the watcher machine is drawn for its proofs: a copy of two keys at most, and positions relative to its own. */
import {
  type EntryChange,
  Failure,
  type LinkNews,
  type Listing,
  type Verification,
  type WatcherContext,
  watcherMachine,
} from '../../machines/index.js';
import { exploreMachine } from '../../src/testing/index.js';

export type Watcher = typeof watcherMachine;

export const prefix = '/dubbo/a/providers/';
export const input = { prefix, link: { epoch: 1, history: 0 } };

const failures = (['timeout', 'denied', 'bug'] as const).map((kind) => new Failure(kind, kind));

const after = (revision: string | null, by: number): string => String(Number(revision ?? '1000000') + by);

function put(modRevision: string, createRevision = modRevision): EntryChange {
  return { type: 'put', key: `${prefix}x`, value: '', createRevision, modRevision, leaseId: '0' };
}

function listing(revision: string, size: number): Listing {
  const entry = { key: `${prefix}x`, value: '', createRevision: '1', modRevision: '1', leaseId: '0' };
  return { revision, entries: Array.from({ length: size }, () => entry) };
}

/** New changes, repeated ones, and a batch of both; the copy has two keys at most, so that the graph has an end. */
function changesFor({ revision, size }: WatcherContext): readonly (readonly EntryChange[])[] {
  const [old, next] = [after(revision, 0), after(revision, 1)];
  return [
    [put(old)],
    [put(old), put(next, '1')],
    ...(size < 2 ? [[put(next)]] : []),
    ...(size > 0 ? [[{ type: 'delete', key: `${prefix}x`, modRevision: next } as const]] : []),
  ];
}

/** The connection says up and down in turn; when it is up again, etcd may have another history, or nothing tells which. */
function linkNewsFor({ epoch, linkHistory }: WatcherContext): readonly LinkNews[] {
  if (epoch !== null) return [{ type: 'connection.down', reason: 'reset' }];
  const up = { type: 'connection.up', epoch: 2, history: linkHistory, endpoint: 'a' } as const;
  return [up, { ...up, history: linkHistory + 1 }, { ...up, isUnidentified: true }];
}

/** The copy is right; it was overtaken by an event meanwhile; something changed that we do not know; the count is off. */
function verifications({ revision, size }: WatcherContext): readonly Verification[] {
  const now = { revision: after(revision, 0), changedCount: 0, totalCount: size };
  return [
    now,
    { ...now, revision: after(revision, -1) },
    { ...now, changedCount: 1 },
    { ...now, totalCount: size + 1 },
  ];
}

export const graph = exploreMachine(watcherMachine, {
  input,
  // The bare events that stand for what the connection does not say now are not sent either.
  unsent: ['connection.up', 'connection.down'],
  abstract: ({ context }) => ({
    linked: context.epoch !== null,
    listed: context.revision !== null,
    listedInThis: context.listedUnder === null ? null : context.listedUnder === context.linkHistory,
    resumable: context.resumableUnder === context.linkHistory,
    proven: context.isProven,
    size: context.size,
    told: context.told.size > 0,
    sameHistory: context.told.history === context.history,
  }),
  samples: ({ context }) => [
    ...linkNewsFor(context),
    ...[0, 1].flatMap((size) =>
      [1, -50].map((by) => ({
        type: 'xstate.done.actor.listPrefix',
        output: listing(after(context.revision, by), size),
      })),
    ),
    ...verifications(context).map((output) => ({ type: 'xstate.done.actor.verifyPrefix', output })),
    ...['listPrefix', 'verifyPrefix', 'watchPrefix'].flatMap((port) =>
      failures.map((error) => ({ type: `xstate.error.actor.${port}`, error })),
    ),
    ...[1, -50].map((by) => ({ type: 'watch.created', revision: after(context.revision, by) })),
    ...changesFor(context).map((changes) => ({ type: 'watch.changed', changes })),
    ...[1, 0].map((by) => ({ type: 'watch.progressed', revision: after(context.revision, by) })),
    { type: 'watch.compacted', compactRevision: after(context.revision, 5) },
    ...failures.map(({ kind, message }) => ({ type: 'watch.broken', failure: { kind, message } })),
  ],
});
