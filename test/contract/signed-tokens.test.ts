/** Tokens that end however much they are used, on the in-memory etcd and on a real one: the same bodies, so that neither drifts. */
import type { IRequestOp } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';
import {
  type GuardedEtcd,
  login,
  startGuardedMemoryEtcd,
  startGuardedRealEtcd,
  testUser,
} from '../support/guarded-etcd.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const invalid = '16 etcdserver: invalid auth token';
const soon = (): { deadline: number } => ({ deadline: Date.now() + 5000 });
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    ({ code, details }: { code: number; details: string }) => `${code} ${details}`,
  );
const put = (key: string): IRequestOp => ({ request_put: { key: bytes(key), value: bytes('v') } });

const guardedBy = {
  memory: startGuardedMemoryEtcd,
  real: startGuardedRealEtcd,
} as const;

describe.each(['memory', 'real'] as const)('etcd with signed tokens (%s)', (name) => {
  const describeHere = name === 'real' ? describeOnEtcd : describe;
  describeHere('keeps its contract', () => {
    let server: GuardedEtcd;

    beforeAll(async () => {
      server = await guardedBy[name]('jwt', ['/ok/']);
    });
    afterAll(() => server[Symbol.asyncDispose]());

    test('a token ends on time, however much it is used', async () => {
      await using client = new EtcdClient(server.endpoint, { token: await login(server.endpoint, testUser) });
      const range = (): Promise<string> => outcome(client.kv.range({ key: bytes('/ok/a') }, soon()));
      expect(await range()).toBe('answered');
      await eventually(async () => expect(await range()).toBe(invalid));
    });

    test('when any user is changed a token does for nothing that keys are looked at for', async () => {
      await using client = new EtcdClient(server.endpoint, { token: await login(server.endpoint, testUser) });
      const watch = await client.watch();
      await server.changeOtherUser();
      const old = '3 etcdserver: revision of auth store is old';
      const kinds = 'range serializable put elsewhere delete read write'.split(' ');
      expect(await outcomesOf(client)).toEqual({
        ...Object.fromEntries(kinds.map((kind) => [kind, old])),
        tooLong: '3 etcdserver: request is too large',
        grant: 'answered',
        timeToLive: 'answered',
        revoke: 'answered',
        login: 'answered',
      });
      watch.send({ create_request: { key: bytes('/ok/u') } });
      const { watch_id, created, canceled, cancel_reason } = await watch.next();
      expect({ watch_id, created, canceled, cancel_reason }).toEqual({
        watch_id: '-1',
        created: true,
        canceled: true,
        cancel_reason: 'rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old',
      });
    });

    async function outcomesOf({ kv, lease, auth }: EtcdClient): Promise<Record<string, string>> {
      const key = bytes('/ok/a');
      return {
        range: await outcome(kv.range({ key }, soon())),
        serializable: await outcome(kv.range({ key, serializable: true }, soon())),
        put: await outcome(kv.put({ key, value: bytes('v') }, soon())),
        elsewhere: await outcome(kv.put({ key: bytes('/no/a'), value: bytes('v') }, soon())),
        delete: await outcome(kv.deleteRange({ key }, soon())),
        read: await outcome(kv.txn({ success: [{ request_range: { key } }] }, soon())),
        write: await outcome(kv.txn({ success: [put('/ok/a')] }, soon())),
        tooLong: await outcome(kv.put({ key, value: Buffer.alloc(1_600_000) }, soon())),
        grant: await outcome(lease.leaseGrant({ ID: '7', TTL: 600 }, soon())),
        timeToLive: await outcome(lease.leaseTimeToLive({ ID: '7', keys: true }, soon())),
        revoke: await outcome(lease.leaseRevoke({ ID: '7' }, soon())),
        login: await outcome(auth.authenticate({ name: 'u', password: 'p' }, soon())),
      };
    }
  });
});
