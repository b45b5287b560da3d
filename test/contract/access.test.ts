/** Users, tokens and permissions, on the in-memory etcd and on a real one: the same bodies, so that neither drifts. */
import { setTimeout as pause } from 'node:timers/promises';
import type { IRequestOp } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMemoryEtcd } from '../../src/testing/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startEtcd } from '../support/real-etcd.js';

const tokenTtlMs = 2000;
const forbidden = '7 etcdserver: permission denied';
const nobody = '3 etcdserver: user name is empty';
const invalid = '16 etcdserver: invalid auth token';

interface Guarded extends AsyncDisposable {
  readonly endpoint: string;
  /** Lets in the user `u`, password `p`, to everything under `/ok/`. */
  guard(): Promise<void>;
}

async function memory(): Promise<Guarded> {
  const etcd = await startMemoryEtcd({ tokenTtlMs });
  return {
    endpoint: etcd.endpoint,
    guard: async () => etcd.setUsers({ u: { password: 'p', prefixes: ['/ok/'] } }),
    [Symbol.asyncDispose]: () => etcd.stop(),
  };
}

async function real(): Promise<Guarded> {
  const etcd = await startEtcd({ flags: [`--auth-token-ttl=${tokenTtlMs / 1000}`] });
  const lines = [
    'user add root:r',
    'user grant-role root root',
    'role add ok',
    'role grant-permission ok --prefix=true readwrite /ok/',
    'user add u:p',
    'user grant-role u ok',
    'auth enable',
  ];
  return {
    endpoint: etcd.endpoint,
    guard: async () => {
      for (const line of lines) await etcd.etcdctl(...line.split(' '));
    },
    [Symbol.asyncDispose]: () => etcd[Symbol.asyncDispose](),
  };
}

const servers = [
  ['memory', memory],
  ['real', real],
] as const;

const soon = (): { deadline: number } => ({ deadline: Date.now() + 5000 });
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    ({ code, details }: { code: number; details: string }) => `${code} ${details}`,
  );
const put = (key: string, lease = '0'): IRequestOp => ({
  request_put: { key: bytes(key), value: bytes('v'), lease },
});

describe.each(servers)('etcd with users (%s)', (name, start) => {
  const describeHere = name === 'real' ? describeOnEtcd : describe;
  describeHere('keeps its contract', () => {
    let server: Guarded;
    let stranger: EtcdClient;

    beforeAll(async () => {
      server = await start();
      stranger = new EtcdClient(server.endpoint);
      const leased = { key: bytes('/no/leased'), value: bytes('v'), lease: '5' };
      await stranger.lease.leaseGrant({ ID: '5', TTL: 600 }, soon());
      await stranger.kv.put(leased, soon());
      expect(await outcome(login())).toBe('9 etcdserver: authentication is not enabled');
      await server.guard();
    });
    afterAll(async () => {
      stranger.close();
      await server[Symbol.asyncDispose]();
    });

    async function login(password = 'p', client = stranger): Promise<string> {
      return (await client.auth.authenticate({ name: 'u', password }, soon())).token;
    }

    /** Every kind of request for a key under the prefix, with what it is answered. */
    async function outcomes({ kv, lease }: EtcdClient, prefix: string): Promise<Record<string, string>> {
      const key = bytes(`${prefix}a`);
      const txn = (request: object): Promise<string> => outcome(kv.txn(request, soon()));
      return {
        range: await outcome(kv.range({ key }, soon())),
        serializable: await outcome(kv.range({ key, serializable: true }, soon())),
        prefix: await outcome(
          kv.range({ key: bytes(prefix), range_end: bytes(`${prefix.slice(0, -1)}0`) }, soon()),
        ),
        put: await outcome(kv.put({ key, value: bytes('v') }, soon())),
        delete: await outcome(kv.deleteRange({ key }, soon())),
        compare: await txn({ compare: [{ key, target: 'Version', version: 0 }] }),
        read: await txn({ success: [{ request_range: { key } }] }),
        write: await txn({ success: [put(`${prefix}a`)] }),
        otherwise: await txn({ failure: [put(`${prefix}a`)] }),
        keepsNothing: await outcome(kv.put({ key: bytes(''), value: bytes('v') }, soon())),
        tooLong: await outcome(kv.put({ key, value: Buffer.alloc(1_600_000) }, soon())),
        revoke: await outcome(lease.leaseRevoke({ ID: '5' }, soon())),
        timeToLive: await outcome(lease.leaseTimeToLive({ ID: '5', keys: true }, soon())),
        leases: await outcome(lease.leaseLeases(soon())),
      };
    }
    const everyKeyAnswered = (answer: string): Record<string, string> => ({
      ...Object.fromEntries(
        'range serializable prefix put delete compare read write otherwise'
          .split(' ')
          .map((kind) => [kind, answer]),
      ),
      keepsNothing: '3 etcdserver: key is not provided',
      tooLong: '3 etcdserver: request is too large',
      timeToLive: 'answered',
      leases: 'answered',
    });

    test('a stranger may touch no key, but ask for leases', async () => {
      expect(await outcomes(stranger, '/ok/')).toEqual({ ...everyKeyAnswered(nobody), revoke: nobody });
      expect(await outcome(stranger.lease.leaseGrant({ ID: '6', TTL: 600 }, soon()))).toBe('answered');
    });

    test('a token that was never given out is refused before the length of the request is looked at', async () => {
      await using client = new EtcdClient(server.endpoint, { token: 'made.up' });
      const answers = { ...everyKeyAnswered(invalid), tooLong: invalid, revoke: invalid };
      expect(await outcomes(client, '/ok/')).toEqual(answers);
      expect(await outcome(client.lease.leaseGrant({ TTL: 600 }, soon()))).toBe(invalid);
      expect(await outcome(login('p', client))).toBe(invalid);
    });

    test('a user may touch the keys he has a role for, and no others', async () => {
      await using client = new EtcdClient(server.endpoint, { token: await login() });
      expect(await outcomes(client, '/no/')).toEqual({ ...everyKeyAnswered(forbidden), revoke: forbidden });
      expect(await outcomes(client, '/ok/')).toEqual({ ...everyKeyAnswered('answered'), revoke: forbidden });
      const wider = { key: bytes('/'), range_end: bytes('0') };
      expect(await outcome(client.kv.range(wider, soon()))).toBe(forbidden);
    });

    test('a put under the lease of keys one may not touch is refused by itself, not in a transaction', async () => {
      await using client = new EtcdClient(server.endpoint, { token: await login() });
      const one = { key: bytes('/ok/b'), value: bytes('v'), lease: '5' };
      expect(await outcome(client.kv.put(one, soon()))).toBe(forbidden);
      expect(await outcome(client.kv.txn({ success: [put('/ok/b', '5')] }, soon()))).toBe('answered');
    });

    test('what is inside a nested transaction is not looked at, by etcd 3.4', async () => {
      const nested = { success: [{ request_txn: { success: [put('/no/nested')] } }] };
      expect(await outcome(stranger.kv.txn(nested, soon()))).toBe('answered');
    });

    test('a wrong password is refused', async () => {
      const refused = '3 etcdserver: authentication failed, invalid user ID or password';
      expect(await outcome(login('q'))).toBe(refused);
    });

    test('a watch is refused in its stream, with the reason as text', async () => {
      const reasons: string[] = [];
      const token = await login();
      for (const [metadata, key] of [
        [{}, '/ok/'],
        [{ token: 'made.up' }, '/ok/'],
        [{ token }, '/no/'],
      ] as const) {
        await using client = new EtcdClient(server.endpoint, metadata);
        const watch = await client.watch();
        watch.send({ create_request: { key: bytes(key) } });
        const { watch_id, created, canceled, cancel_reason } = await watch.next();
        expect({ watch_id, created, canceled }).toEqual({ watch_id: '-1', created: true, canceled: true });
        reasons.push(cancel_reason);
      }
      expect(reasons).toEqual([
        'rpc error: code = InvalidArgument desc = etcdserver: user name is empty',
        'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token',
        'rpc error: code = PermissionDenied desc = etcdserver: permission denied',
      ]);
    });

    test('when the token expires requests and new watches are refused, while open watches and keepalives go on', async () => {
      const token = await login();
      await using client = new EtcdClient(server.endpoint, { token });
      const watch = await client.watch();
      watch.send({ create_request: { key: bytes('/ok/t') } });
      await watch.next();
      const keepAlive = await client.keepAlive();
      await pause(tokenTtlMs + 2000);
      expect(await outcome(client.kv.range({ key: bytes('/ok/t') }, soon()))).toBe(invalid);
      watch.send({ create_request: { key: bytes('/ok/u') } });
      expect(await watch.next()).toMatchObject({ created: true, canceled: true, watch_id: '-1' });
      keepAlive.send({ ID: '5' });
      expect(await keepAlive.next()).toMatchObject({ TTL: '600' });

      await using renewed = new EtcdClient(server.endpoint, { token: await login() });
      await renewed.kv.put({ key: bytes('/ok/t'), value: bytes('v') }, soon());
      expect((await watch.next()).events).toHaveLength(1);
    });
  });
});
