import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';

let etcd: MemoryEtcd;
let client: EtcdClient;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  client = new EtcdClient(etcd.endpoint);
});

afterEach(async () => {
  client.close();
  await etcd.stop();
});

const patience = (): { deadline: number } => ({ deadline: Date.now() + 5000 });
const put = (key: string, value = 'v', lease = '0') =>
  client.kv.put({ key: bytes(key), value: bytes(value), lease }, patience());
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (error: { code: number }) => error.code,
  );

/** Calls until the server answers; the channel decides how long to wait in between. */
async function untilAnswered(): Promise<void> {
  while ((await codeOf(client.kv.range({ key: bytes('?') }, patience()))) !== 'answered');
}

describe('what happens to a server', () => {
  test('a crash resets connections, refuses new ones and keeps data and leases for the restart', async () => {
    const { ID } = await client.lease.leaseGrant({ TTL: 60, ID: '77' }, patience());
    await put('/a', 'kept', ID);
    const watch = await client.watch();
    watch.send({ create_request: { key: bytes('/a') } });
    await watch.next();

    await etcd.crash();
    expect((await watch.over)?.code).toBe(14);
    expect(await codeOf(put('/b'))).toBe(14);
    expect(etcd.watcherCount).toBe(0);

    await etcd.restart();
    await untilAnswered();
    expect(etcd.keys('/')).toMatchObject([{ key: '/a', value: 'kept', lease: '77' }]);
    const { TTL } = await client.lease.leaseTimeToLive({ ID }, patience());
    expect(Number(TTL)).toBeGreaterThan(58);
  });

  test('a wipe leaves revision 1 and neither keys nor leases, under the same cluster id', async () => {
    const before = (await put('/a')).header.cluster_id;
    await client.lease.leaseGrant({ TTL: 60, ID: '77' }, patience());
    await etcd.crash();
    etcd.wipe();
    await etcd.restart();
    await untilAnswered();
    const { header, kvs } = await client.kv.range({ key: bytes('/a') }, patience());
    expect(kvs).toEqual([]);
    expect([header.revision, header.cluster_id]).toEqual(['1', before]);
    expect(etcd.leases()).toEqual([]);
  });

  test('a put sent while the server is frozen times out and is applied on thaw', async () => {
    await put('/a', 'before');
    await etcd.freeze();
    expect(
      await codeOf(client.kv.put({ key: bytes('/a'), value: bytes('late') }, { deadline: Date.now() + 50 })),
    ).toBe(4);
    expect(etcd.keys('/a')).toMatchObject([{ value: 'before' }]);
    const waiting = put('/b');
    etcd.thaw();
    await waiting;
    expect(etcd.keys('/')).toMatchObject([{ key: '/a' }, { key: '/b' }]);
  });

  test('dropped streams end with 14 while unary calls go on', async () => {
    const watch = await client.watch();
    watch.send({ create_request: { key: bytes('/a') } });
    await watch.next();
    etcd.dropStreams();
    expect((await watch.over)?.code).toBe(14);
    await put('/a');
    expect(etcd.watcherCount).toBe(0);
  });
});
