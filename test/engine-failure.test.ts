/** A machine that meets something nobody expected: whoever waits is told, and nothing is accepted any more. */
import { expect, test } from 'vitest';
import { fromPromise } from 'xstate';
import { connectEtcd } from '../src/etcd/ports.js';
import { EtcdClient } from '../src/etcd-client.js';
import { resolveOptions } from '../src/options.js';
import { Registry } from '../src/registry.js';
import { startMemoryEtcd } from '../src/testing/index.js';
import { realWorld, type World } from '../src/world.js';

/** Surroundings in which the first question to etcd meets a mistake of ours, when `fail` is called. */
function failing(): { readonly world: World; readonly fail: () => void } {
  let fail = (): void => {};
  const mistake = new Promise<never>((_resolve, reject) => {
    fail = () => reject(new TypeError('a mistake'));
  });
  mistake.catch(() => {});
  const probeCluster = fromPromise(() => mistake) as never;
  const connect: World['connect'] = (settings) => ({ ...connectEtcd(settings), probeCluster });
  return { world: { ...realWorld, connect }, fail };
}

const settings = resolveOptions({ address: '127.0.0.1:1', file: false, timeoutMs: 60_000 });

test('rejects all calls of a client that wait, and all after that', async () => {
  const { world, fail } = failing();
  const client = new EtcdClient(settings, world);
  const waiting = [
    client.connected(undefined),
    client.create('/a/b'),
    client.getChildren('/a'),
    client.addChildListener('/a', () => {}),
  ];
  const outcomes = Promise.allSettled(waiting);
  fail();
  for (const outcome of [...(await outcomes), ...(await Promise.allSettled([client.exists('/a')]))]) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } });
  }
  await client.close();
});

test('rejects all calls of a registry that wait, and all after that', async () => {
  const { world, fail } = failing();
  const registry = new Registry(settings, world);
  const url = 'dubbo://10.0.0.1:1/a.B';
  const views = registry.watch('a.B');
  const waiting = [
    registry.connected('cannot create it', undefined),
    registry.register(url),
    registry.register(url, { when: new Promise<void>(() => {}) }),
    registry.subscribe('consumer://10.0.0.9/a.B', () => {}),
    registry.lookup('a.B'),
    registry.explain('a.B'),
    views.next(),
  ];
  const outcomes = Promise.allSettled(waiting);
  fail();
  for (const outcome of [...(await outcomes), ...(await Promise.allSettled([registry.unregister(url)]))]) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } });
  }
  expect([registry.isOpen, await views.next()]).toEqual([false, { done: true, value: undefined }]);
  await registry.close();
});

test('leaves nothing running when the registry machine itself throws', async () => {
  const etcd = await startMemoryEtcd();
  const openFence = fromPromise(async () => null) as never;
  const connect: World['connect'] = (given) => ({ ...connectEtcd(given), openFence });
  const registry = new Registry(resolveOptions({ address: etcd.endpoint, file: false }), {
    ...realWorld,
    connect,
  });
  await expect(registry.register('dubbo://10.0.0.1:1/a.B')).rejects.toMatchObject({ code: 'INTERNAL' });
  const { state, connection, lease } = registry.status();
  expect([registry.isOpen, state, connection.state, lease.state]).toEqual([
    false,
    'failed',
    'closed',
    'closed',
  ]);
  await registry.close();
  await etcd.stop();
});
