/** The tests of Dubbo's JEtcdClientTest and JEtcdClientWrapperTest under their names, and what they left unproven. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEtcdClient, type EtcdClient } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const service = '/dubbo/com.alibaba.dubbo.demo.DemoService';
const providers = `${service}/providers`;

function clientTests(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let client: EtcdClient;
  let calls: (readonly string[])[];
  const listener = (_path: string, children: readonly string[]): void => {
    calls.push(children);
  };

  beforeAll(async () => {
    etcd = await start();
  });

  beforeEach(async () => {
    calls = [];
    client = await createEtcdClient(`etcd3://${etcd.endpoint}/x?session=2000`, { timeoutMs: 3_000 });
  });

  afterEach(async () => {
    await client.close();
    await etcd.control.deletePrefix('/dubbo');
  });

  afterAll(() => etcd.stop());

  async function told(...expected: readonly (readonly string[])[]): Promise<void> {
    await eventually(() => expect(calls).toEqual(expected));
  }

  /** Waits until a change made now was seen by a listener of its own, so that silence means something. */
  async function everybodyHasHeard(): Promise<void> {
    let heard = false;
    await client.addChildListener(providers, () => {
      heard = true;
    });
    await client.createEphemeral(`${providers}/marker`);
    await eventually(() => expect(heard).toBe(true));
  }

  test('test_watch_when_create_path: tells the names of the children, the first included', async () => {
    expect(await client.addChildListener(providers, listener)).toEqual([]);
    await client.createEphemeral(`${providers}/demoService1`);
    await told(['demoService1']);
    await client.createEphemeral(`${providers}/demoService0`);
    await told(['demoService1'], ['demoService0', 'demoService1']);
  });

  test('test_watch_when_create_wrong_path: tells nothing of a neighbour, a deeper key, or a longer name', async () => {
    await client.addChildListener(providers, listener);
    await client.createEphemeral(`${service}/routers/demoService1`);
    await client.createEphemeral(`${providers}X/demoService1`);
    await client.createEphemeral(`${providers}/deeper/demoService1`);
    await client.createEphemeral(`${providers}/last`);
    await told(['last']);
  });

  test('test_watch_when_delete_path: tells an empty list when the last child is deleted', async () => {
    await client.createEphemeral(`${providers}/demoService1`);
    expect(await client.addChildListener(providers, listener)).toEqual(['demoService1']);
    await client.delete(`${providers}/demoService1`);
    await told([]);
  });

  test('test_watch_then_unwatch: calls nobody after the listener was removed', async () => {
    await client.addChildListener(providers, listener);
    await client.createEphemeral(`${providers}/demoService1`);
    await told(['demoService1']);
    client.removeChildListener(providers, listener);
    await client.delete(`${providers}/demoService1`);
    await everybodyHasHeard();
    expect(calls).toHaveLength(1);
  });

  test('test_watch_on_recoverable_connection: tells what was deleted while the link was cut', async () => {
    const path = `${service}/connection`;
    const states: string[] = [];
    client.addStateListener((state) => states.push(state));
    await etcd.control.put(`${path}/demoService1`, '1');
    expect(await client.addChildListener(path, listener)).toEqual(['demoService1']);
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(client.isConnected()).toBe(false));
    await etcd.control.delete(`${path}/demoService1`);
    await etcd.proxy.startAccepting();
    await told([]);
    expect(states).toEqual(['disconnected', 'connected']);
  });

  test('test_watch_on_unrecoverable_connection: goes on after a stream was aborted, without a duplicate', async () => {
    await client.addChildListener(providers, listener);
    etcd.proxy.resetAll();
    await client.createEphemeral(`${providers}/demoService1`);
    await client.createEphemeral(`${providers}/demoService2`);
    await eventually(() => expect(calls.at(-1)).toEqual(['demoService1', 'demoService2']));
    expect(new Set(calls.map(String)).size).toBe(calls.length);
  });

  test('test_watch_after_client_closed: rejects', async () => {
    await client.close();
    await expect(client.addChildListener(providers, listener)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(client.create(providers)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(client.isConnected()).toBe(false);
  });

  test('rejects who waits for a first list when the listener is removed, and whoever asks when the client is closed', async () => {
    const away = await createEtcdClient({ address: etcd.endpoint, timeoutMs: 60_000 });
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(away.isConnected()).toBe(false));
    const removed = expect(away.addChildListener(providers, listener)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    away.removeChildListener(providers, listener);
    await removed;
    const abort = new AbortController();
    const given = away.addChildListener(providers, listener, { signal: abort.signal });
    const waiting = [
      away.addChildListener(providers, listener),
      away.exists(providers),
      away.getChildren('/x'),
    ];
    const outcomes = Promise.allSettled([...waiting, given]);
    abort.abort();
    await away.close();
    expect((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'CLOSED',
      'CLOSED',
      'CLOSED',
      'ABORTED',
    ]);
    await etcd.proxy.startAccepting();
  });

  test('test_path_exists: sees the path itself, not one below or beside it', async () => {
    await client.create(providers);
    await etcd.control.put(`${service}/routers/only-a-child`, '1');
    expect(await client.exists(providers)).toBe(true);
    expect(await client.exists(`${providers}/noneexits`)).toBe(false);
    expect(await client.exists(`${service}/routers`)).toBe(false);
    await client.delete(providers);
    expect(await client.exists(providers)).toBe(false);
  });

  test('test_create_emerphal_path: writes under the lease, with or without a leading slash [E9]', async () => {
    await client.createEphemeral(providers.slice(1));
    const written = await etcd.control.get(providers);
    expect(written?.lease).not.toBe('0');
    expect(written?.value).toBe(written?.lease);
    await client.close();
    expect(await etcd.control.get(providers)).toBeUndefined();
  });

  test('deletes a path however often it was created, and gives it the lease that was asked for last', async () => {
    await client.createEphemeral(`${providers}/x`);
    await client.createEphemeral(`${providers}/x`);
    await client.delete(`${providers}/x`);
    expect(await client.getChildren(providers)).toEqual([]);
    await client.create(`${providers}/y`);
    await client.createEphemeral(`${providers}/y`);
    expect((await etcd.control.get(`${providers}/y`))?.lease).not.toBe('0');
    await client.create(`${providers}/y`);
    expect((await etcd.control.get(`${providers}/y`))?.lease).toBe('0');
  });

  test('writes the service above by structure, not by how a path happens to end [E8]', async () => {
    await client.createEphemeral(`${service}/providers/ends-in-configurators`);
    await client.createEphemeral('/elsewhere/dynamicrouters');
    const keys = (await etcd.control.list('/')).map(({ key }) => key);
    expect(keys.filter((key) => !key.startsWith('/leasehold'))).toEqual([
      service,
      `${service}/providers/ends-in-configurators`,
      '/elsewhere/dynamicrouters',
    ]);
  });

  test('test_grant_lease_then_revoke: ends a lease, and one that is gone already', async () => {
    const leaseId = await client.createLease(60);
    expect(await etcd.control.lease(leaseId)).toMatchObject({ keys: [] });
    await client.revokeLease(leaseId);
    expect(await etcd.control.lease(leaseId)).toBeUndefined();
    await client.revokeLease(leaseId);
  });

  test('test_create_emerphal_path_then_timeout: has the path again after its lease was lost', async () => {
    await client.createEphemeral(providers);
    const before = await etcd.control.get(providers);
    await etcd.control.revokeLease(before?.lease ?? '0');
    await eventually(async () => {
      const after = await etcd.control.get(providers);
      expect(after?.lease).toMatch(/^\d+$/);
      expect(after?.lease).not.toBe(before?.lease);
    });
  });

  test('test_get_emerphal_children_path: gives exactly the direct children, by name [W5]', async () => {
    const names = ['service1', 'service2', 'service3', 'service4', 'service5/exclude'];
    await Promise.all(names.map((name) => client.createEphemeral(`${providers}/${name}`)));
    expect(await client.getChildren(providers)).toEqual(names.slice(0, 4));
    expect(await client.addChildListener(providers, listener)).toEqual(names.slice(0, 4));
  });

  test('gives children in order, also where somebody listens to them', async () => {
    await client.addChildListener(providers, listener);
    for (const name of ['b', 'a', 'c']) await client.createEphemeral(`${providers}/${name}`);
    await eventually(() => expect(calls.at(-1)).toHaveLength(3));
    expect(await client.getChildren(providers)).toEqual(['a', 'b', 'c']);
  });

  test('test_connect_cluster: works with the member that lives', async () => {
    const cluster = await createEtcdClient(`etcd3://127.0.0.1:1?backup=${etcd.endpoint},127.0.0.1:2`);
    await cluster.createEphemeral(providers);
    expect(await client.exists(providers)).toBe(true);
    await cluster.close();
    await expect(
      createEtcdClient({ address: '127.0.0.1:1,127.0.0.1:2', timeoutMs: 300 }),
    ).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
}

describe('the path-level client on the in-memory etcd', () => clientTests(memoryEtcdUnderTest));
describeOnEtcd('the path-level client on a real etcd', () => clientTests(realEtcdUnderTest));
