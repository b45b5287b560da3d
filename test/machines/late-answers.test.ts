/** What scenarios take for granted, on running actors: an answer that comes after its question was dropped is lost. */
import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import {
  type LeaseAnswer,
  type Listing,
  leaseMachine,
  request,
  stream,
  type WatchFact,
  watcherMachine,
} from '../../machines/index.js';
import { createVirtualClock } from '../../src/testing/index.js';

function up(epoch: number): { type: 'connection.up'; epoch: number; history: number; endpoint: string } {
  return { type: 'connection.up', epoch, history: 0, endpoint: 'etcd:2379' };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('believes the answer to its last question, and not one to a question before', async () => {
  const questions: ((answer: LeaseAnswer) => void)[] = [];
  const lease = leaseMachine.provide({
    actors: { grantLease: request(() => new Promise<LeaseAnswer>((resolve) => questions.push(resolve))) },
  });
  const actor = createActor(lease, {
    clock: createVirtualClock(),
    input: { ttlSeconds: 15, leaseSeed: '41' },
  });
  actor.start();
  actor.send({ type: 'lease.wanted' });
  actor.send(up(1));
  actor.send(up(2));
  const [first, second] = questions;
  first?.({ ttlSeconds: 99, answerMs: 0 });
  await settle();
  expect(actor.getSnapshot().value).toEqual({ granting: 'asking' });
  second?.({ ttlSeconds: 15, answerMs: 0 });
  await settle();
  expect(actor.getSnapshot().context.ttlMs).toBe(15_000);
  actor.stop();
});

test('hears nothing from a watch that it has left', async () => {
  const flows: ((fact: WatchFact) => void)[] = [];
  const watcher = watcherMachine.provide({
    actors: {
      listPrefix: request(() => Promise.resolve<Listing>({ revision: '7', entries: [] })),
      watchPrefix: stream<WatchFact, { readonly prefix: string; readonly fromRevision: string }>(
        ({ send }) => {
          flows.push(send);
          return () => {};
        },
      ),
    },
  });
  const link = { epoch: 1, history: 0 };
  const actor = createActor(watcher, { clock: createVirtualClock(), input: { prefix: '/p/', link } });
  actor.start();
  await settle();
  actor.send({ type: 'connection.down', reason: 'connection reset' });
  actor.send(up(2));
  const [first, second] = flows;
  first?.({ type: 'watch.created', revision: '9' });
  first?.({ type: 'watch.compacted', compactRevision: '8' });
  expect(actor.getSnapshot().value).toEqual({ following: { reconnecting: 'catchingUp' } });
  second?.({ type: 'watch.created', revision: '9' });
  expect(actor.getSnapshot().value).toEqual({ following: { reconnecting: 'verifying' } });
  actor.stop();
});
