/** The part of the doctor that looks at etcd itself: endpoints, credentials, a lease, a watch. */
import { randomUUID } from 'node:crypto';
import { isRegistryError, RegistryError } from '../../errors.js';
import type { EtcdClient } from '../../etcd-client.js';
import { resolveOptions } from '../../options.js';
import type { Call } from '../command.js';
import { targetOf } from '../target.js';

/** What one check found. */
export interface Advice {
  readonly check:
    | 'endpoint'
    | 'auth'
    | 'lease'
    | 'watch'
    | 'zombies'
    | 'strays'
    | 'undecodable'
    | 'providers';
  readonly level: 'ok' | 'warn' | 'fail' | 'skip';
  readonly message: string;
  /** What to do about it; null when there is nothing to do. */
  readonly todo: string | null;
  /** What it is about: keys, urls. */
  readonly details: readonly string[];
}

type Tell = (advice: Advice) => void;

/** Above this a change is told so late that people notice. */
const slowMs = 1_000;

/** Looks at every endpoint, then with one that answers at the rest; `then` sees the client before it is closed. */
export async function examineCluster(
  call: Call,
  tell: Tell,
  then: (client: EtcdClient) => Promise<void>,
): Promise<void> {
  const target = await targetOf(call);
  const { endpoints, credentials: given, layout } = resolveOptions(target);
  const credentials = typeof given === 'function' ? undefined : given;
  const { createEtcdClient } = await import('../../create-etcd-client.js');
  // What an address of the environment said besides must not be lost with it.
  const open = (address: string): Promise<EtcdClient> =>
    call.terminal.during(
      `connecting to ${address}`,
      createEtcdClient({ ...target, ...credentials, group: layout.root, address }),
    );
  let client: EtcdClient | undefined;
  try {
    for (const endpoint of endpoints) {
      const opened = await examineEndpoint(endpoint, open, tell, {
        count: endpoints.length,
        root: layout.root,
      });
      call.ending.signal.throwIfAborted();
      if (client === undefined) client = opened;
      else await opened?.close();
    }
    if (client === undefined) return;
    tell(authAdvice(credentials?.username));
    if (call.options.flag('read-only')) {
      for (const check of ['lease', 'watch'] as const) tell(skipped(check, '--read-only'));
    } else {
      tell(await examineLease(client));
      tell(await examineWatch(call, client));
    }
    await then(client);
  } finally {
    await client?.close();
  }
}

async function examineEndpoint(
  endpoint: string,
  open: (address: string) => Promise<EtcdClient>,
  tell: Tell,
  { count, root }: { readonly count: number; readonly root: string },
): Promise<EtcdClient | undefined> {
  const begun = performance.now();
  try {
    const client = await open(endpoint);
    tell(good('endpoint', `${endpoint} answers, after ${elapsed(begun)}`));
    return client;
  } catch (error) {
    if (!isRegistryError(error) || error.code === 'ABORTED') throw error;
    const isAuth = error.code === 'UNAUTHENTICATED' || error.code === 'PERMISSION_DENIED';
    const reason = error.reason ?? error.code;
    tell({
      check: isAuth ? 'auth' : 'endpoint',
      level: count > 1 && !isAuth ? 'warn' : 'fail',
      message: reason.startsWith(endpoint) ? reason : `${endpoint}: ${reason}`,
      todo: todoAfter(error, root),
      details: [],
    });
    return undefined;
  }
}

function todoAfter({ code, reason = '' }: RegistryError, root: string): string {
  if (code === 'PERMISSION_DENIED')
    return `etcd knows this user, who may not read ${root}/: etcdctl role grant-permission --prefix <role> read ${root}/`;
  if (reason.includes('certificate')) return 'check the files of --cacert, --cert and --key';
  if (code === 'UNAUTHENTICATED')
    return 'give --user or ETCDCTL_USER and ETCDCTL_PASSWORD as etcd knows them';
  return 'check that etcd runs there, the port, and https:// against http://';
}

function authAdvice(username: string | undefined): Advice {
  return good(
    'auth',
    username === undefined
      ? 'no credentials given, and none asked for'
      : `the credentials of ${username} are not refused`,
  );
}

async function examineLease(client: EtcdClient): Promise<Advice> {
  const begun = performance.now();
  try {
    await client.revokeLease(await client.createLease(5));
    return good('lease', `granted and revoked in ${elapsed(begun)}`);
  } catch (error) {
    return trouble('lease', 'a lease cannot be granted', error);
  }
}

/** The time from a write until a watch tells it, through the same etcd. */
async function examineWatch(call: Call, client: EtcdClient): Promise<Advice> {
  const parent = `/leasehold/doctor/${randomUUID()}`;
  const { signal } = call.ending;
  try {
    let heard = (): void => {};
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await client.addChildListener(parent, () => heard(), { signal });
    const begun = performance.now();
    await call.terminal.during('watching', client.createEphemeral(`${parent}/key`, { signal }));
    const isTold = await Promise.race([told.then(() => true), after(10_000)]);
    const ms = performance.now() - begun;
    await client.delete(`${parent}/key`, { signal });
    if (!isTold) {
      const message = 'a change was not told within 10 s';
      return {
        check: 'watch',
        level: 'fail',
        message,
        todo: 'look at the load of etcd, and at proxies in between',
        details: [],
      };
    }
    const message = `a change is told ${Math.round(ms)} ms after it was asked for`;
    if (ms < slowMs) return good('watch', message);
    return {
      check: 'watch',
      level: 'warn',
      message,
      todo: "look at etcd's disk and load: etcdctl check perf",
      details: [],
    };
  } catch (error) {
    return trouble('watch', 'a key of our own cannot be written and watched', error);
  }
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref();
  });
}

export function good(check: Advice['check'], message: string): Advice {
  return { check, level: 'ok', message, todo: null, details: [] };
}

function skipped(check: Advice['check'], reason: string): Advice {
  return { check, level: 'skip', message: reason, todo: null, details: [] };
}

/** A check that could not be made. What is only forbidden to us is no fault of etcd. */
export function trouble(check: Advice['check'], what: string, error: unknown): Advice {
  if (!(error instanceof RegistryError) || error.code === 'ABORTED') throw error;
  const isForbidden = error.code === 'PERMISSION_DENIED';
  return {
    check,
    level: isForbidden ? 'warn' : 'fail',
    message: `${what}: ${error.reason ?? error.code}`,
    todo: isForbidden
      ? 'this user may not; grant it, or say --read-only'
      : (error.message.split('; ').at(-1) ?? null),
    details: [],
  };
}

function elapsed(begun: number): string {
  return `${Math.max(1, Math.round(performance.now() - begun))} ms`;
}
