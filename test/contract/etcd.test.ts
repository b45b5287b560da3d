/** What clients of etcd rely on, on the in-memory etcd and on a real one: the same bodies, so that neither drifts. */
import type { IWatchResponse } from 'etcd3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startEtcd } from '../support/real-etcd.js';

const progressMs = 200;
interface Server extends AsyncDisposable {
  readonly endpoint: string;
}

const servers = [
  ['memory', () => startMemoryEtcd({ progressIntervalMs: progressMs })],
  ['real', () => startEtcd({ flags: [`--experimental-watch-progress-notify-interval=${progressMs}ms`] })],
] as const satisfies readonly (readonly [string, () => Promise<Server>])[];

describe.each(servers)('etcd (%s)', (name, start) => {
  const describeHere = name === 'real' ? describeOnEtcd : describe;
  describeHere('keeps its contract', () => {
    let server: Server;
    let client: EtcdClient;
    let prefix = '';
    let tests = 0;

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server[Symbol.asyncDispose]());
    beforeEach(() => {
      client = new EtcdClient(server.endpoint);
      prefix = `/test${tests++}/`;
    });
    afterEach(async () => {
      const { leases } = await client.lease.leaseLeases(soon());
      client.close();
      expect(leases).toEqual([]);
    });

    const soon = (): { deadline: number } => ({ deadline: Date.now() + 5000 });
    const all = (): { key: Buffer; range_end: Buffer } => ({
      key: bytes(prefix),
      range_end: bytes(`${prefix}\xff`),
    });
    const put = (key: string, value = 'v', more = {}) =>
      client.kv.put({ key: bytes(prefix + key), value: bytes(value), ...more }, soon());
    const refusal = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => 'answered',
        ({ code, details }: { code: number; details: string }) => `${code} ${details}`,
      );
    const eventsOf = ({ events }: IWatchResponse): string[] =>
      events.map(
        ({ type, kv }) => `${type} ${kv.key.toString().slice(prefix.length)}=${kv.value.toString()}`,
      );

    test('refuses in the words of the error atlas', async () => {
      const { kv, lease } = client;
      const key = bytes(`${prefix}a`);
      const head = Number((await put('a')).header.revision);
      const puts = (count: number) =>
        Array.from({ length: count }, (_, i) => ({ request_put: { key: bytes(`${prefix}${i}`) } }));
      expect(await refusal(put('a', 'v', { lease: '404' }))).toBe('5 etcdserver: requested lease not found');
      expect(await refusal(lease.leaseRevoke({ ID: '404' }, soon()))).toBe(
        '5 etcdserver: requested lease not found',
      );
      expect(await refusal(kv.put({ value: key }, soon()))).toBe('3 etcdserver: key is not provided');
      expect(await refusal(kv.put({ key: bytes(`${prefix}x`), ignore_value: true }, soon()))).toBe(
        '3 etcdserver: key not found',
      );
      expect(await refusal(put('a', 'v', { ignore_value: true }))).toBe('3 etcdserver: value is provided');
      expect(await refusal(kv.txn({ success: puts(129) }, soon()))).toBe(
        '3 etcdserver: too many operations in txn request',
      );
      expect(await refusal(kv.txn({ success: [...puts(1), ...puts(1)] }, soon()))).toBe(
        '3 etcdserver: duplicate key given in txn request',
      );
      expect(await refusal(kv.range({ key, revision: head + 9 }, soon()))).toBe(
        '11 etcdserver: mvcc: required revision is a future revision',
      );
      expect(await refusal(kv.put({ key, value: Buffer.alloc(1_572_864) }, soon()))).toBe(
        '3 etcdserver: request is too large',
      );
      expect(await refusal(kv.put({ key, value: Buffer.alloc(2_097_152) }, soon()))).toMatch(
        /^8 grpc: received message larger than max \(\d+ vs\. 2097152\)$/,
      );
      expect(await refusal(kv.txn({ success: puts(128) }, soon()))).toBe('answered');
    });

    test('a range_end that is sent but empty reads everything from the key on', async () => {
      for (const key of ['a', 'b', 'c']) await put(key);
      const key = bytes(`${prefix}b`);
      const count = async (more = {}) => (await client.kv.range({ key, ...more }, soon())).count;
      const onwards = await count({ range_end: bytes('\0') });
      expect(Number(onwards)).toBeGreaterThanOrEqual(2);
      expect([await count(), await count({ range_end: Buffer.alloc(0) })]).toEqual(['1', onwards]);
      const { deleted } = await client.kv.deleteRange({ key, range_end: Buffer.alloc(0) }, soon());
      expect(deleted).toBe('1');
    });

    test('a guarded transaction takes the branch its compares choose', async () => {
      const lease = await client.lease.leaseGrant({ TTL: 60 }, soon());
      const key = bytes(`${prefix}guard`);
      await put('guard', 'me', { lease: lease.ID });
      const mine = { key, target: 'Lease', result: 'Equal', lease: lease.ID } as const;
      const other = { key, target: 'Lease', result: 'Equal', lease: '1' } as const;
      const success = [{ request_put: { key: bytes(`${prefix}yes`) } }];
      const failure = [{ request_range: { key } }];
      expect(await client.kv.txn({ compare: [mine], success, failure }, soon())).toMatchObject({
        succeeded: true,
        responses: [{ response: 'response_put' }],
      });
      expect(await client.kv.txn({ compare: [mine, other], success, failure }, soon())).toMatchObject({
        succeeded: false,
        responses: [{ response: 'response_range', response_range: { count: '1' } }],
      });
      await client.lease.leaseRevoke({ ID: lease.ID }, soon());
    });

    test('a lease that is not renewed ends with all its keys in one revision, about when its time is up', async () => {
      const watch = await client.watch();
      watch.send({ create_request: all() });
      await watch.next();
      const granted = Date.now();
      const { ID } = await client.lease.leaseGrant({ TTL: 1, ID: '4242' }, soon());
      await put('b', 'v', { lease: ID });
      await put('a', 'v', { lease: ID });
      await watch.next();
      await watch.next();
      expect(eventsOf(await watch.next())).toEqual(['Delete a=', 'Delete b=']);
      expect(Date.now() - granted).toBeGreaterThanOrEqual(1900);
      expect(Date.now() - granted).toBeLessThan(4000);
      const keepAlive = await client.keepAlive();
      keepAlive.send({ ID });
      expect(await keepAlive.next()).toMatchObject({ ID: '4242', TTL: '0' });
      expect(await client.lease.leaseTimeToLive({ ID, keys: true }, soon())).toMatchObject({
        TTL: '-1',
        grantedTTL: '0',
        keys: [],
      });
    });

    test('one keepalive stream renews many leases and ends well when the client ends it', async () => {
      const ids = ['11', '12'];
      for (const ID of ids) await client.lease.leaseGrant({ ID, TTL: 30 }, soon());
      expect(await refusal(client.lease.leaseGrant({ ID: '11', TTL: 30 }, soon()))).toBe(
        '9 etcdserver: lease already exists',
      );
      const keepAlive = await client.keepAlive();
      for (const ID of ids) keepAlive.send({ ID });
      for (const ID of ids) expect(await keepAlive.next()).toMatchObject({ ID, TTL: '30' });
      keepAlive.end();
      expect(await keepAlive.over).toBeUndefined();
      for (const ID of ids) await client.lease.leaseRevoke({ ID }, soon());
    });

    test('a watch replays the past in batches of a thousand revisions under the header of now', async () => {
      const first = Number((await put('k')).header.revision);
      await Promise.all(Array.from({ length: 1499 }, () => put('k')));
      const watch = await client.watch();
      watch.send({ create_request: { ...all(), start_revision: first } });
      const [created, ...batches] = [await watch.next(), await watch.next(), await watch.next()];
      expect(created).toMatchObject({ created: true, events: [] });
      expect(batches.map(({ events }) => events.length)).toEqual([1000, 500]);
      expect(batches.map(({ header }) => Number(header.revision))).toEqual([first + 1499, first + 1499]);
    });

    test('a watch below the compacted revision is created, then canceled without a reason', async () => {
      const first = Number((await put('k')).header.revision);
      await put('k');
      await client.kv.compact({ revision: first + 1, physical: true }, soon());
      const watch = await client.watch();
      watch.send({ create_request: { ...all(), start_revision: first } });
      expect(await watch.next()).toMatchObject({ created: true, canceled: false });
      expect(await watch.next()).toMatchObject({
        canceled: true,
        compact_revision: String(first + 1),
        cancel_reason: '',
        header: { revision: '0' },
      });
      expect(await refusal(client.kv.range({ ...all(), revision: first }, soon()))).toBe(
        '11 etcdserver: mvcc: required revision has been compacted',
      );
    });

    test('refused watches are created and canceled as -1, and the stream goes on', async () => {
      const watch = await client.watch();
      watch.send({ create_request: { ...all(), watch_id: 5 } });
      watch.send({ create_request: { ...all(), watch_id: 5 } });
      watch.send({ create_request: { key: bytes('b'), range_end: bytes('a') } });
      watch.send({ cancel_request: { watch_id: 404 } });
      watch.send({ progress_request: {} });
      expect([await watch.next(), await watch.next(), await watch.next(), await watch.next()]).toMatchObject([
        { watch_id: '5', created: true, canceled: false },
        {
          watch_id: '-1',
          created: true,
          canceled: true,
          cancel_reason: 'mvcc: duplicate watch ID provided on the WatchStream',
        },
        { watch_id: '-1', created: true, canceled: true, cancel_reason: 'mvcc: watcher range is empty' },
        { watch_id: '-1', created: false, canceled: false },
      ]);
      await put('a');
      expect(eventsOf(await watch.next())).toEqual(['Put a=v']);
    });

    test('a client that ends its half of a watch stream goes on being told; one that cancels is not', async () => {
      const watch = await client.watch();
      watch.send({ create_request: all() });
      await watch.next();
      watch.end();
      await put('a');
      expect(eventsOf(await watch.next())).toEqual(['Put a=v']);
      watch.cancel();
      expect((await watch.over)?.code).toBe(1);
    });

    test('an idle watcher that wants progress is told the revision from time to time', async () => {
      const watch = await client.watch();
      watch.send({ create_request: { ...all(), progress_notify: true } });
      const { watch_id } = await watch.next();
      const { header } = await client.kv.put({ key: bytes('elsewhere') }, soon());
      let told = await watch.next();
      while (Number(told.header.revision) < Number(header.revision)) told = await watch.next();
      expect(told).toMatchObject({
        watch_id,
        events: [],
        created: false,
        header: { revision: header.revision },
      });
    });

    test('a long response is cut where etcd cuts it, for who asks for fragments', async () => {
      let seed = 7;
      const value = (): Buffer => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return Buffer.alloc(Math.floor((seed / 2 ** 31) * 25_000));
      };
      const puts = () =>
        Array.from({ length: 100 }, (_, i) => ({
          request_put: { key: bytes(`${prefix}${i}`), value: value() },
        }));
      const start_revision = (await client.kv.txn({ success: puts() }, soon())).header.revision;
      for (let i = 0; i < 5; i++) await client.kv.txn({ success: puts() }, soon());
      const watch = await client.watch();
      watch.send({ create_request: { ...all(), start_revision, fragment: true, prev_kv: true } });
      await watch.next();
      const parts: number[] = [];
      for (let last = false; !last; ) {
        const { events, fragment } = await watch.next();
        parts.push(events.length);
        last = !fragment;
      }
      expect(parts).toEqual([131, 89, 80, 83, 83, 89, 45]);
    });

    test('without space puts and grants are refused; deletes, reads and keepalives go on', async () => {
      await client.lease.leaseGrant({ ID: '31', TTL: 60 }, soon());
      const alarm = { memberID: '1', alarm: 'Nospace' } as const;
      await client.maintenance.alarm({ action: 'Activate', ...alarm }, soon());
      const full = '8 etcdserver: mvcc: database space exceeded';
      expect(await refusal(put('a'))).toBe(full);
      expect(await refusal(client.kv.txn({ failure: [{ request_put: { key: bytes('a') } }] }, soon()))).toBe(
        full,
      );
      expect(await refusal(client.lease.leaseGrant({ TTL: 60 }, soon()))).toBe(full);
      expect(await refusal(client.kv.deleteRange(all(), soon()))).toBe('answered');
      expect(await refusal(client.kv.range(all(), soon()))).toBe('answered');
      const keepAlive = await client.keepAlive();
      keepAlive.send({ ID: '31' });
      expect(await keepAlive.next()).toMatchObject({ TTL: '60' });
      await client.maintenance.alarm({ action: 'Deactivate', ...alarm }, soon());
      expect(await refusal(put('a'))).toBe('answered');
      await client.lease.leaseRevoke({ ID: '31' }, soon());
    });

    test('says who it is: one member that leads, and no authentication', async () => {
      const status = await client.maintenance.status(soon());
      expect(status.leader).toBe(status.header.member_id);
      expect(status.version).toMatch(/^3\./);
      const { members } = await client.cluster.memberList({}, soon());
      expect(members).toMatchObject([
        { ID: status.header.member_id, clientURLs: [`http://${server.endpoint.replace('http://', '')}`] },
      ]);
      expect(await refusal(client.auth.authenticate({ name: 'a', password: 'b' }, soon()))).toBe(
        '9 etcdserver: authentication is not enabled',
      );
    });
  });
});
