/** What can be done to the in-memory etcd, as its clients see it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
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

const soon = (ms = 5000): { deadline: number } => ({ deadline: Date.now() + ms });
const put = (key: string, value = 'v', lease = '0') =>
  client.kv.put({ key: bytes(key), value: bytes(value), lease }, soon());
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    ({ code, details }: ServiceError) => (code === 14 || code === 4 ? code : `${code} ${details}`),
  );

/** Calls until the server answers; the channel decides how long to wait in between. */
async function untilAnswered(): Promise<void> {
  while ((await outcome(client.kv.range({ key: bytes('?') }, soon()))) !== 'answered');
}

async function watchAll(): ReturnType<EtcdClient['watch']> {
  const watch = await client.watch();
  watch.send({ create_request: { key: bytes('\0'), range_end: bytes('\0') } });
  await watch.next();
  return watch;
}

describe('a crash', () => {
  test('resets connections and refuses new ones; a restart brings data back and leases with their full time', async () => {
    await client.lease.leaseGrant({ TTL: 60, ID: '77' }, soon());
    await put('/a', 'kept', '77');
    const watch = await watchAll();
    await etcd.crash();
    expect((await watch.over)?.code).toBe(14);
    expect(await outcome(put('/b'))).toBe(14);
    expect(etcd.watcherCount).toBe(0);

    await etcd.restart();
    await untilAnswered();
    expect(etcd.keys('/')).toMatchObject([{ key: '/a', value: 'kept', lease: '77' }]);
    const { TTL } = await client.lease.leaseTimeToLive({ ID: '77' }, soon());
    expect(Number(TTL)).toBeGreaterThan(58);
  });

  test('is a reset to whoever is connected, not an orderly end', async () => {
    const [host, port] = etcd.endpoint.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    socket.resume();
    await client.maintenance.status(soon());
    const broken = once(socket, 'error');
    await etcd.crash();
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('lets a client on the same endpoint follow on where it was', async () => {
    const { header } = await put('/a', '1');
    await put('/a', '2');
    await etcd.restart();
    await untilAnswered();
    const watch = await client.watch();
    watch.send({ create_request: { key: bytes('/a'), start_revision: Number(header.revision) + 1 } });
    await watch.next();
    expect((await watch.next()).events.map(({ kv }) => kv.value.toString())).toEqual(['2']);
  });
});

describe('a wipe', () => {
  test('leaves revision 1 and neither keys nor leases, under the same cluster id', async () => {
    const before = (await put('/a')).header.cluster_id;
    await client.lease.leaseGrant({ TTL: 60, ID: '77' }, soon());
    await etcd.crash();
    etcd.wipe();
    await etcd.restart();
    await untilAnswered();
    const { header, kvs } = await client.kv.range({ key: bytes('/a') }, soon());
    expect(kvs).toEqual([]);
    expect([header.revision, header.cluster_id]).toEqual(['1', before]);
    expect(etcd.leases()).toEqual([]);
  });

  test('of a running server resets its connections', async () => {
    await put('/a');
    const watch = await watchAll();
    etcd.wipe();
    expect((await watch.over)?.code).toBe(14);
    await untilAnswered();
    expect([etcd.revision, etcd.keys()]).toEqual(['1', []]);
  });
});

describe('a freeze', () => {
  test('answers nothing; a put that timed out meanwhile is applied on thaw', async () => {
    await put('/a', 'before');
    etcd.freeze();
    const late = client.kv.put({ key: bytes('/a'), value: bytes('late') }, soon(50));
    expect(await outcome(late)).toBe(4);
    expect(etcd.keys('/a')).toMatchObject([{ value: 'before' }]);
    const waiting = put('/b');
    etcd.thaw();
    await waiting;
    expect(etcd.keys('/')).toMatchObject([{ key: '/a' }, { key: '/b' }]);
  });

  test('keeps new connections waiting', async () => {
    etcd.freeze();
    await using late = new EtcdClient(etcd.endpoint);
    expect(await outcome(late.kv.range({ key: bytes('a') }, soon(100)))).toBe(4);
    const waiting = late.kv.range({ key: bytes('a') }, soon());
    etcd.thaw();
    expect(await outcome(waiting)).toBe('answered');
  });

  test('ends on thaw the leases whose time passed, before it reads the keepalive that came too late', async () => {
    const { ID } = await client.lease.leaseGrant({ TTL: 2 }, soon());
    await put('/a', 'v', ID);
    const keepAlive = await client.keepAlive();
    keepAlive.send({ ID });
    await keepAlive.next();
    etcd.freeze();
    keepAlive.send({ ID });
    expect(await outcome(client.kv.range({ key: bytes('/a') }, soon(2100)))).toBe(4);
    expect(etcd.keys()).toMatchObject([{ key: '/a' }]);
    etcd.thaw();
    expect(await keepAlive.next()).toMatchObject({ ID, TTL: '0' });
    expect(etcd.keys()).toEqual([]);
  });
});

describe('breaks', () => {
  test('dropped streams end with 14 while unary calls go on', async () => {
    const watch = await watchAll();
    const keepAlive = await client.keepAlive();
    keepAlive.send({ ID: '1' });
    await keepAlive.next();
    etcd.dropStreams();
    expect([(await watch.over)?.code, (await keepAlive.over)?.code]).toEqual([14, 14]);
    await put('/a');
    expect(etcd.watcherCount).toBe(0);
  });

  test('dropped connections end streams with 14; the client may come back at once', async () => {
    const watch = await watchAll();
    etcd.dropConnections();
    expect((await watch.over)?.code).toBe(14);
    await untilAnswered();
  });
});

describe('a lost leader', () => {
  test('makes requests wait until there is one again; reads that need none are answered', async () => {
    etcd.loseLeader();
    expect(await outcome(client.kv.range({ key: bytes('a'), serializable: true }, soon()))).toBe('answered');
    expect(await outcome(client.kv.range({ key: bytes('a') }, soon(50)))).toBe(4);
    const waiting = put('/a');
    await client.maintenance.status(soon());
    expect(etcd.keys()).toEqual([]);
    etcd.regainLeader();
    await waiting;
    expect(etcd.keys()).toMatchObject([{ key: '/a' }]);
  });

  test('is back after a restart', async () => {
    etcd.loseLeader();
    await etcd.restart();
    await untilAnswered();
  });

  test('refuses who asks for one, ends their streams, and leaves other streams silent', async () => {
    const noLeader = { code: 14, details: 'etcdserver: no leader' };
    const silent = await watchAll();
    await using asking = new EtcdClient(etcd.endpoint, { hasleader: 'true' });
    const watch = await asking.watch();
    watch.send({ create_request: { key: bytes('a') } });
    await watch.next();
    etcd.loseLeader();
    expect(await watch.over).toMatchObject(noLeader);
    const again = await asking.watch();
    again.send({ create_request: { key: bytes('a') } });
    expect(await again.over).toMatchObject(noLeader);
    expect(etcd.watcherCount).toBe(1);
    await expect(asking.kv.range({ key: bytes('a') }, soon())).rejects.toMatchObject(noLeader);
    etcd.regainLeader();
    await put('/a');
    expect((await silent.next()).events.length).toBe(1);
  });
});

describe('by hand', () => {
  test('a lease is ended with its keys, and watchers are told', async () => {
    await client.lease.leaseGrant({ TTL: 60, ID: '7' }, soon());
    await put('/a', 'v', '7');
    const watch = await watchAll();
    expect(etcd.leases()).toEqual([{ id: '7', ttlSeconds: 60, keys: ['/a'] }]);
    etcd.expireLease('7');
    expect((await watch.next()).events).toMatchObject([{ type: 'Delete' }]);
    expect([etcd.leases(), etcd.keys()]).toEqual([[], []]);
  });

  test('history is compacted', async () => {
    await put('/a');
    await put('/a');
    etcd.compact();
    expect(await outcome(client.kv.range({ key: bytes('/a'), revision: 2 }, soon()))).toBe(
      '11 etcdserver: mvcc: required revision has been compacted',
    );
  });

  test('keys are listed as text with what etcd knows of them', async () => {
    await put('/é', 'ü');
    expect(etcd.keys('/')).toEqual([
      { key: '/é', value: 'ü', lease: '0', createRevision: '2', modRevision: '2' },
    ]);
    expect(etcd.keys('/f')).toEqual([]);
  });
});

describe('the end', () => {
  test('a stopped server cannot be started again', async () => {
    await etcd.stop();
    await etcd.stop();
    await expect(etcd.restart()).rejects.toThrow('it was stopped for good');
  });

  test('a busy port is refused when starting', async () => {
    const port = Number(etcd.endpoint.split(':')[1]);
    await expect(startMemoryEtcd({ port })).rejects.toThrow('EADDRINUSE');
  });

  test('a process that stopped its server exits by itself', async () => {
    const script = `
      import { startMemoryEtcd } from './src/testing/index.js';
      import { bytes, EtcdClient } from './test/support/etcd-client.js';
      const etcd = await startMemoryEtcd();
      const client = new EtcdClient(etcd.endpoint);
      const watch = await client.watch();
      watch.send({ create_request: { key: bytes('a'), progress_notify: true } });
      await watch.next();
      await client.lease.leaseGrant({ TTL: 60 });
      await etcd.restart();
      etcd.freeze();
      client.close();
      const port = Number(etcd.endpoint.split(':')[1]);
      const refused = await startMemoryEtcd({ port }).catch(({ code }) => code);
      await etcd.stop();
      console.log(refused, 'stopped');
    `;
    const run = promisify(execFile)('npx', ['tsx', '--input-type=module', '--eval', script], {
      timeout: 20_000,
    });
    expect((await run).stdout.trim()).toBe('EADDRINUSE stopped');
  });
});
