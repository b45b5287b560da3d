/** Rights below `metaRoot` that are withdrawn and granted again while a registry runs. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';

const [first, second] = ['dubbo://10.0.0.1:1/a.B', 'dubbo://10.0.0.1:2/a.B'];

let etcd: MemoryEtcd;
let client: EtcdClient;
let registry: Registry;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  client = new EtcdClient(etcd.endpoint);
  registry = await createRegistry({ address: etcd.endpoint.replace('http://', ''), file: false });
});

afterEach(async () => {
  etcd.deny();
  await registry.close();
  client.close();
  await etcd.stop();
});

const countOf = async (key: string): Promise<string> => (await client.kv.range({ key: bytes(key) })).count;

test('withdrawn rights for the fence hinder neither registering nor withdrawing [REG-3]', async () => {
  const { key } = await registry.register(first);
  etcd.deny('/leasehold/');
  const another = await registry.register(second);
  expect(await countOf(another.key)).toBe('1');
  await registry.unregister(first);
  expect(await countOf(key)).toBe('0');
});

test('withdrawn rights for the fence do not hide that an entry is denied [REG-5]', async () => {
  await registry.register(first);
  etcd.deny('/leasehold/', '/dubbo/a.C/');
  await expect(registry.register('dubbo://10.0.0.1:1/a.C')).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
  });
  await registry.register(second);
});

test('withdrawn rights for the fence do not keep us from hearing that a key of ours is deleted', async () => {
  const { key } = await registry.register(first);
  etcd.deny('/leasehold/');
  const links: string[] = [];
  registry.on('connection', ({ state }) => links.push(state));
  etcd.dropConnections();
  await eventually(() => expect(links).toContain('connected'));
  await client.kv.deleteRange({ key: bytes(key) });
  await eventually(async () => expect(await countOf(key)).toBe('1'));
});

test('granted rights for the fence are used from the next lease on', async () => {
  etcd.deny('/leasehold/');
  await registry.register(first);
  const before = registry.status().lease.leaseId ?? '';
  etcd.deny();
  await client.lease.leaseRevoke({ ID: before });
  await eventually(async () => {
    const { leaseId } = registry.status().lease;
    expect(leaseId).not.toBe(before);
    expect(await countOf(`/leasehold/fences/${leaseId}`)).toBe('1');
  });
});

test('granted rights for the fence are used from the next regular audit on', async () => {
  const address = etcd.endpoint.replace('http://', '');
  await using other = await createRegistry({ address, file: false, auditIntervalMs: 100 });
  etcd.deny('/leasehold/');
  await other.register(first);
  etcd.deny();
  const urls = Array.from({ length: 100 }, (_, port) => `dubbo://10.0.0.2:${port + 1}/a.B`);
  const fence = `/leasehold/fences/${other.status().lease.leaseId ?? ''}`;
  await eventually(async () => {
    await other.register(urls.pop() ?? second);
    expect(await countOf(fence)).toBe('1');
  });
});
