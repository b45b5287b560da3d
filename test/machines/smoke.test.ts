import { createActor, fromPromise } from 'xstate';
import { expect, test } from 'vitest';
import { connectionMachine, leaseMachine, registryMachine, stream, watcherHub, watcherMachine, type BatchAnswered, Failure } from '/work/main/machines/index.js';
test('smoke', async () => {
  const log: string[] = [];
  let up = true;
  const reg = registryMachine.provide({ actors: {
    connection: connectionMachine.provide({ actors: {
      probeCluster: fromPromise(async () => { log.push('probe'); if (!up) throw new Failure('unreachable','x'); return { clusterId: '1', revision: '5', sentinel: null }; }),
      confirmLink: fromPromise(async () => ({ clusterId: '1', revision: '5', sentinel: null })),
      followLink: stream(() => () => { log.push('link closed'); }),
    } }),
    lease: leaseMachine.provide({ actors: {
      grantLease: fromPromise(async ({ input }) => { log.push(`grant ${input.leaseId}`); return { ttlSeconds: 10, answerMs: 1 }; }),
      renewLease: fromPromise(async () => ({ ttlSeconds: 10, answerMs: 1 })),
      revokeLease: fromPromise(async () => { log.push('revoke'); }),
    } }),
    watchers: watcherHub(watcherMachine.provide({ actors: {
      listPrefix: fromPromise(async () => ({ revision: '5', entries: [] })),
      watchPrefix: stream(() => () => { log.push('unwatch'); }),
      verifyPrefix: fromPromise(async ({ input }) => ({ revision: input.revision, changedCount: 0, totalCount: 0 })),
    } })),
    openFence: fromPromise(async () => { log.push('fence'); return { fence: '0', sentinel: 's' }; }),
    writeBatches: stream<BatchAnswered, any>(({ input, send }) => { for (const b of input.batches) queueMicrotask(() => { log.push(JSON.stringify(b.operations)); send({ type: 'batch.answered', batch: b.id, outcome: { type: 'applied', revision: '6', foreign: [] } }); }); return () => {}; }),
    readLease: fromPromise(async () => ({ ttlSeconds: 10, keys: [] })),
  } });
  const actor = createActor(reg, { input: { endpoints: ['a'], ttlSeconds: 10, leaseSeed: '100' } });
  actor.subscribe({ error: (e) => { log.push('ERR ' + e); } , next: (s) => log.push('> ' + JSON.stringify(s.value))});
  actor.on('*', (e) => log.push('! ' + JSON.stringify(e)));
  actor.start();
  const hub = actor.getSnapshot().children.watchers!;
  hub.on('*', (e) => log.push('h ' + JSON.stringify(e)));
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  actor.send({ type: 'registry.register', entries: [{ key: '/a/x', value: null, leased: true, parent: { key: '/a', value: '1' } }] });
  const tick = () => new Promise((r) => setTimeout(r, 5));
  await tick();
  actor.system.get('connection').send({ type: 'link.broken', failure: { kind: 'unreachable', message: 'gone' } });
  await new Promise((r) => setTimeout(r, 100));
  actor.send({ type: 'registry.withdraw', keys: ['/a/x'] });
  await tick();
  actor.send({ type: 'registry.close' });
  await tick();
  console.log(log.join('\n'));
  expect(actor.getSnapshot().status).toBe('done');
});
