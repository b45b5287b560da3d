/** The tests of JEtcdClientTest in Dubbo 2.7.1 that watch etcd without its registry: what the registry builds on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EtcdClient } from '../support/etcd-client.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const key = Buffer.from('/dubbo/config/jetcd-client-unit-test/configurators');

function watchTests(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let client: EtcdClient;

  beforeEach(async () => {
    etcd = await start();
    client = new EtcdClient(etcd.direct);
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await etcd.stop();
  });

  test('test_watch_when_modify: tells the new value of a key that was there before', async () => {
    await client.kv.put({ key, value: Buffer.from('before') });
    const watch = await client.watch();
    watch.send({ create_request: { key } });
    expect(await watch.next()).toMatchObject({ created: true, events: [] });
    await client.kv.put({ key, value: Buffer.from('after') });
    const { events } = await watch.next();
    expect(events.map(({ type, kv }) => `${type} ${String(kv?.value)}`)).toEqual(['Put after']);
  });

  test('testWatchWithGrpc: tells a put once, with its value', async () => {
    const watch = await client.watch();
    watch.send({ create_request: { key } });
    await watch.next();
    await client.kv.put({ key, value: Buffer.from('one') });
    await client.kv.put({ key, value: Buffer.from('two') });
    const values = [(await watch.next()).events, (await watch.next()).events]
      .flat()
      .map(({ kv }) => String(kv?.value));
    expect(values).toEqual(['one', 'two']);
  });

  test('testCancelWatchWithGrpc: says that a watch is cancelled, and tells nothing after that', async () => {
    const watch = await client.watch();
    watch.send({ create_request: { key } });
    const { watch_id: watchId } = await watch.next();
    watch.send({ cancel_request: { watch_id: watchId } });
    expect(await watch.next()).toMatchObject({ watch_id: watchId, canceled: true, events: [] });
    await client.kv.put({ key, value: Buffer.from('unheard') });
    watch.send({ create_request: { key } });
    expect(await watch.next()).toMatchObject({ created: true, events: [] });
  });
}

describe('plain watches of the in-memory etcd', () => watchTests(memoryEtcdUnderTest));
describeOnEtcd('plain watches of a real etcd', () => watchTests(realEtcdUnderTest));
