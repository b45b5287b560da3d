/** What a test can switch on at the in-memory etcd besides faults of the process: users, closed prefixes, delay. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';

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
const outcome = (call: Promise<unknown>): Promise<number | 'answered'> =>
  call.then(
    () => 'answered',
    ({ code }: { code: number }) => code,
  );
const get = (key: string, end?: string): Promise<number | 'answered'> =>
  outcome(client.kv.range({ key: bytes(key), ...(end && { range_end: bytes(end) }) }, soon()));

test('denied prefixes are closed to everybody, also to who asks for more than them, until others are denied', async () => {
  etcd.deny('/a/', '/z\xff');
  expect([await get('/a/1'), await get('/', '0'), await get('/b')]).toEqual([7, 7, 'answered']);
  expect([await get('/a/', '/a0'), await get('/a'), await get('/z\xff')]).toEqual([7, 'answered', 7]);
  etcd.deny('/b');
  expect([await get('/a/1'), await get('/b')]).toEqual(['answered', 7]);
  etcd.deny();
  expect([await get('/a/1'), await get('/b')]).toEqual(['answered', 'answered']);
});

test('tokens are void after they were expired by hand, after a restart, and when the users change', async () => {
  const users = { ann: { password: 'x' } };
  etcd.setUsers(users);
  const ends: (() => void | Promise<void>)[] = [
    () => etcd.expireTokens(),
    () => etcd.restart(),
    () => etcd.setUsers(users),
  ];
  for (const end of ends) {
    const { token } = await client.auth.authenticate({ name: 'ann', password: 'x' }, soon());
    await using known = new EtcdClient(etcd.endpoint, { token });
    const read = (): Promise<number | 'answered'> => outcome(known.kv.range({ key: bytes('k') }, soon()));
    expect(await read()).toBe('answered');
    await end();
    await eventually(async () => expect(await read()).toBe(16));
    client.close();
    client = new EtcdClient(etcd.endpoint);
  }
});

test('a wipe takes the users with it', async () => {
  etcd.setUsers({ ann: { password: 'x' } });
  expect(await get('k')).toBe(3);
  etcd.wipe();
  await eventually(async () => expect(await get('k')).toBe('answered'));
});

test('with a delay answers and events come later, still in order, and without it at once again', async () => {
  const watch = await client.watch();
  watch.send({ create_request: { key: bytes('k') } });
  await watch.next();
  etcd.delay(150);
  const begun = performance.now();
  const puts = ['1', '2', '3'].map((value) =>
    client.kv.put({ key: bytes('k'), value: bytes(value) }, soon()),
  );
  etcd.delay(30);
  const revisions = (await Promise.all(puts)).map(({ header }) => header.revision);
  expect(performance.now() - begun).toBeGreaterThan(55);
  const told = [await watch.next(), await watch.next(), await watch.next()];
  expect(told.flatMap(({ events }) => events.map(({ kv }) => kv.value.toString()))).toEqual(['1', '2', '3']);
  expect(revisions).toEqual(['2', '3', '4']);
  expect(await outcome(client.kv.range({ key: bytes('k') }, soon(20)))).toBe(4);
  etcd.delay(0);
  expect(await get('k')).toBe('answered');
});

test('a registry with a user goes on when its token expired [LIFE-5]', async () => {
  etcd.setUsers({ ann: { password: 'x', prefixes: ['/dubbo', '/leasehold/'] } });
  const registry: Registry = await createRegistry({
    address: etcd.endpoint,
    username: 'ann',
    password: 'x',
    file: false,
  });
  try {
    await registry.register('dubbo://10.0.0.1:20880/com.acme.Orders');
    etcd.expireTokens();
    await registry.register('dubbo://10.0.0.2:20880/com.acme.Orders');
    expect(etcd.keys('/dubbo/com.acme.Orders/providers/')).toHaveLength(2);
    expect(registry.status().connection.epoch).toBe(1);
  } finally {
    await registry.close();
  }
});
