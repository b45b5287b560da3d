/** An etcd that asks for a login, in memory or real, with tokens of either kind: the same handle, so that a contract has one body. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type MemoryEtcdUser, startMemoryEtcd } from '../../src/testing/index.js';
import { EtcdClient } from './etcd-client.js';
import { eventually } from './eventually.js';
import { ownFolder, removeOwnFolder } from './own-processes.js';
import { startEtcd } from './real-etcd.js';

/** `simple` tokens are good for a while after each use; `jwt` ones end at a time that is written in them. */
export type TokenKind = 'simple' | 'jwt';

/** The user `u` has the password `p`, until it is changed. */
export interface GuardedEtcd extends AsyncDisposable {
  readonly endpoint: string;
  /** Resolves when every token given out before is refused, because its time is up. */
  expireTokens(): Promise<void>;
  /** Changes something about users that does not concern `u`. */
  changeOtherUser(): Promise<void>;
  setPassword(password: string): Promise<void>;
}

export const tokenTtlMs = 2_000;

const user = { name: 'u', password: 'p' };

/** The user may touch what lies under these prefixes, and from now on only with a login. */
export async function startGuardedMemoryEtcd(
  tokens: TokenKind,
  prefixes: readonly string[],
): Promise<GuardedEtcd> {
  const etcd = await startMemoryEtcd({ tokenTtlMs: tokens === 'jwt' ? tokenTtlMs : 600_000, tokens });
  const users: Record<string, MemoryEtcdUser> = { u: { password: user.password, prefixes } };
  etcd.setUsers(users);
  return {
    endpoint: etcd.endpoint,
    expireTokens: async () => {
      if (tokens === 'jwt') await untilRefused(etcd.endpoint, users['u']?.password);
      else etcd.expireTokens();
    },
    changeOtherUser: async () => {
      users[`other${Object.keys(users).length}`] = { password: 'x' };
      etcd.setUsers(users);
    },
    setPassword: async (password) => {
      users['u'] = { password, prefixes };
      etcd.setUsers(users);
    },
    [Symbol.asyncDispose]: () => etcd.stop(),
  };
}

/** As {@link startGuardedMemoryEtcd}, with a real server, which signs JWTs with keys made for it. */
export async function startGuardedRealEtcd(
  tokens: TokenKind,
  prefixes: readonly string[],
): Promise<GuardedEtcd> {
  const keys = ownFolder('leasehold-jwt');
  const etcd = await startEtcd({
    flags: [tokens === 'jwt' ? jwtFlag(keys) : '--auth-token-ttl=1', '--log-level=info'],
  });
  const asRoot = (...args: string[]): Promise<string> => etcd.etcdctl('--user=root:r', ...args);
  let { password } = user;
  let others = 0;
  await etcd.etcdctl('user', 'add', 'root:r');
  await etcd.etcdctl('user', 'grant-role', 'root', 'root');
  await etcd.etcdctl('role', 'add', 'mine');
  for (const path of prefixes)
    await etcd.etcdctl('role', 'grant-permission', 'mine', '--prefix=true', 'readwrite', path);
  await etcd.etcdctl('user', 'add', `u:${password}`);
  await etcd.etcdctl('user', 'grant-role', 'u', 'mine');
  await etcd.etcdctl('auth', 'enable');
  return {
    endpoint: etcd.endpoint,
    expireTokens: () =>
      tokens === 'jwt'
        ? untilRefused(etcd.endpoint, password)
        : untilForgotten(etcd.endpoint, join(etcd.folder, 'etcd.log'), password),
    changeOtherUser: async () => {
      others += 1;
      await asRoot('user', 'add', `other${others}:x`);
    },
    setPassword: async (next) => {
      await asRoot('user', 'delete', 'u');
      await asRoot('user', 'add', `u:${next}`);
      await asRoot('user', 'grant-role', 'u', 'mine');
      password = next;
    },
    [Symbol.asyncDispose]: async () => {
      await etcd[Symbol.asyncDispose]();
      removeOwnFolder(keys);
    },
  };
}

/** Has etcd sign its tokens with a key of the test's own. */
export function jwtFlag(folder: string): string {
  const [secret, open] = [join(folder, 'key.pem'), join(folder, 'public.pem')];
  execFileSync('openssl', ['genrsa', '-out', secret, '2048'], { stdio: 'ignore' });
  execFileSync('openssl', ['rsa', '-in', secret, '-pubout', '-out', open], { stdio: 'ignore' });
  const parts = [`pub-key=${open}`, `priv-key=${secret}`, 'sign-method=RS256', `ttl=${tokenTtlMs}ms`];
  return `--auth-token=jwt,${parts.join()}`;
}

/** A token that ends by itself may be looked at: one that was given out last is refused last. */
async function untilRefused(endpoint: string, password = ''): Promise<void> {
  const token = await login(endpoint, password);
  await using client = new EtcdClient(endpoint, { token });
  await eventually(() =>
    expect(client.kv.range({ key: Buffer.from('/') }, soon())).rejects.toThrow('invalid auth token'),
  );
}

/** A simple token lives longer for being looked at; when etcd drops it, it says so in its log. */
async function untilForgotten(endpoint: string, log: string, password: string): Promise<void> {
  const token = await login(endpoint, password);
  await eventually(() => expect(droppedIn(log, token)).toBe(true));
}

function droppedIn(log: string, token: string): boolean {
  const lines = readFileSync(log, 'utf8').split('\n');
  return lines.some((line) => line.includes('deleted a simple token') && line.includes(token));
}

export async function login(endpoint: string, password: string): Promise<string> {
  await using client = new EtcdClient(endpoint);
  return (await client.auth.authenticate({ name: user.name, password }, soon())).token;
}

function soon(): { deadline: number } {
  return { deadline: Date.now() + 5_000 };
}
