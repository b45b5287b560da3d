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

const tokenTtlMs = 2_000;

/** Who logs in. */
interface Login {
  readonly name: string;
  readonly password: string;
}

export const testUser: Login = { name: 'u', password: 'p' };

/** The user may touch what lies under these prefixes, and from now on only with a login. */
export async function startGuardedMemoryEtcd(
  tokens: TokenKind,
  prefixes: readonly string[],
): Promise<GuardedEtcd> {
  const etcd = await startMemoryEtcd({ tokenTtlMs: tokens === 'jwt' ? tokenTtlMs : 600_000, tokens });
  let user = testUser;
  const users: Record<string, MemoryEtcdUser> = { u: { password: user.password, prefixes } };
  etcd.setUsers(users);
  return {
    endpoint: etcd.endpoint,
    expireTokens: async () => {
      if (tokens === 'jwt') await untilRefused(etcd.endpoint, user);
      else etcd.expireTokens();
    },
    changeOtherUser: async () => {
      users[`other${Object.keys(users).length}`] = { password: 'x' };
      etcd.setUsers(users);
    },
    setPassword: async (password) => {
      user = { ...user, password };
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
  if (tokens === 'jwt') makeKeys(keys);
  const etcd = await startEtcd({ flags: tokens === 'jwt' ? [signedTokens(keys)] : briefTokens });
  const asRoot = (...args: string[]): Promise<string> => etcd.etcdctl('--user=root:r', ...args);
  let user = testUser;
  let others = 0;
  await etcd.etcdctl('user', 'add', 'root:r');
  await etcd.etcdctl('user', 'grant-role', 'root', 'root');
  await etcd.etcdctl('role', 'add', 'mine');
  for (const path of prefixes)
    await etcd.etcdctl('role', 'grant-permission', 'mine', '--prefix=true', 'readwrite', path);
  await etcd.etcdctl('user', 'add', 'u:p');
  await etcd.etcdctl('user', 'grant-role', 'u', 'mine');
  await etcd.etcdctl('auth', 'enable');
  return {
    endpoint: etcd.endpoint,
    expireTokens: () =>
      tokens === 'jwt' ? untilRefused(etcd.endpoint, user) : untilForgotten(etcd.endpoint, etcd.folder, user),
    changeOtherUser: async () => {
      others += 1;
      await asRoot('user', 'add', `other${others}:x`);
    },
    setPassword: async (next) => {
      await asRoot('user', 'delete', 'u');
      await asRoot('user', 'add', `u:${next}`);
      await asRoot('user', 'grant-role', 'u', 'mine');
      user = { ...user, password: next };
    },
    [Symbol.asyncDispose]: async () => {
      await etcd[Symbol.asyncDispose]();
      removeOwnFolder(keys);
    },
  };
}

/** Has etcd sign its tokens with the keys of {@link makeKeys}. */
export function signedTokens(folder: string): string {
  const keys = `pub-key=${join(folder, 'public.pem')},priv-key=${join(folder, 'key.pem')}`;
  return `--auth-token=jwt,${keys},sign-method=RS256,ttl=${tokenTtlMs}ms`;
}

export function makeKeys(folder: string): void {
  const [secret, open] = [join(folder, 'key.pem'), join(folder, 'public.pem')];
  execFileSync('openssl', ['genrsa', '-out', secret, '2048'], { stdio: 'ignore' });
  execFileSync('openssl', ['rsa', '-in', secret, '-pubout', '-out', open], { stdio: 'ignore' });
}

/** Has etcd drop simple tokens soon, and say so in its log. */
export const briefTokens: readonly string[] = ['--auth-token-ttl=1', '--log-level=info'];

/**
 * Resolves when the signed tokens given out so far are refused: the one given out last is refused last, and looking at it
 * does not keep it alive.
 */
export async function untilRefused(endpoint: string, user: Login): Promise<void> {
  const token = await login(endpoint, user);
  await using client = new EtcdClient(endpoint, { token });
  await eventually(() =>
    expect(client.kv.range({ key: Buffer.from('/') }, soon())).rejects.toThrow('invalid auth token'),
  );
}

/** Resolves when etcd has dropped the simple tokens that were used last before now: looking at one would keep it alive. */
export async function untilForgotten(endpoint: string, folder: string, user: Login): Promise<void> {
  const token = await login(endpoint, user);
  await eventually(() => {
    const lines = readFileSync(join(folder, 'etcd.log'), 'utf8').split('\n');
    const isDropped = (line: string): boolean =>
      line.includes('deleted a simple token') && line.includes(token);
    expect(lines.some(isDropped)).toBe(true);
  });
}

export async function login(endpoint: string, user: Login): Promise<string> {
  await using client = new EtcdClient(endpoint);
  return (await client.auth.authenticate(user, soon())).token;
}

function soon(): { deadline: number } {
  return { deadline: Date.now() + 5_000 };
}
