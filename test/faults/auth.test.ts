/** Faults 31-33: tokens expire, roles are taken away, authentication is switched on and off. */
import { afterAll, beforeAll, expect } from 'vitest';
import { connectControl } from '../support/control-client.js';
import { eventually } from '../support/eventually.js';
import {
  briefTokens,
  makeKeys,
  signedTokens,
  untilForgotten,
  untilRefused,
} from '../support/guarded-etcd.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { ownFolder, removeOwnFolder } from '../support/own-processes.js';
import { type FaultOptions, fault } from './support/fault.js';
import { keyOf, prefix, providerUrl, type Stage } from './support/stage.js';

const root = { name: 'root', password: 'rootpass' };

/** A user `leasehold` who may do everything under the root and under our meta root, and a user `root`. */
async function addUsers(stage: Stage): Promise<void> {
  const run = (line: string): Promise<string> => stage.etcd.etcdctl(...line.split(' '));
  await run('user add root:rootpass');
  await run('user grant-role root root');
  await run('role add registry');
  for (const path of ['/dubbo/', '/leasehold/'])
    await run(`role grant-permission registry --prefix=true readwrite ${path}`);
  await run('user add leasehold:secret');
  await run('user grant-role leasehold registry');
}

async function enable(stage: Stage): Promise<void> {
  await stage.etcd.etcdctl('auth', 'enable');
  stage.control.close();
  stage.control = connectControl(stage.etcd.endpoint, root);
}

async function disable(stage: Stage): Promise<void> {
  await stage.etcd.etcdctl('--user=root:rootpass', 'auth', 'disable');
}

/** The registry knows its user from the start, but etcd asks for it only from now on. */
const withUser: FaultOptions = {
  flags: ['--auth-token-ttl=3'],
  registry: { username: 'leasehold', password: 'secret', check: false },
};

function tokensExpired({ etcd }: Stage, kind: 'simple' | 'signed'): Promise<void> {
  const user = { name: 'leasehold', password: 'secret' };
  return kind === 'signed'
    ? untilRefused(etcd.endpoint, user)
    : untilForgotten(etcd.endpoint, etcd.folder, user);
}

/** Nobody notices: no call with `check` is rejected, no view turns stale, the link stays. */
async function outliveTokens(stage: Stage, kind: 'simple' | 'signed'): Promise<void> {
  await addUsers(stage);
  await enable(stage);
  // A use would keep a simple token alive, and an audit is one.
  const quiet = { sessionMs: 30_000, auditIntervalMs: 30_000 };
  const registry = await stage.open({ username: 'leasehold', password: 'secret', ...quiet });
  const told = await stage.listen(registry);
  await registry.register(providerUrl(70));
  const stale: string[] = [];
  registry.on('view', (view) => view.stale !== undefined && stale.push(view.stale.reason));
  await tokensExpired(stage, kind);
  await registry.register(providerUrl(71));
  await tokensExpired(stage, kind);
  const late = await stage.listen(registry);
  await registry.subscribe('consumer://10.9.9.9/com.acme.Stock', () => {});
  await tokensExpired(stage, kind);
  await registry.unregister(providerUrl(70));
  const foreign = await stage.foreign(72);
  for (const each of [told, late]) await stage.sees(each, [...stage.desired, providerUrl(71), foreign]);
  const { connection, watchers } = registry.status();
  expect(watchers.map(({ isLive }) => isLive)).toEqual([true, true]);
  expect({ stale, epoch: connection.epoch }).toEqual({ stale: [], epoch: 1 });
  await registry.unregister(providerUrl(71));
  for (const each of [told, late]) await stage.leave(registry, each);
  await disable(stage);
}

describeOnEtcd('users and roles', () => {
  const keys = ownFolder('leasehold-jwt');
  beforeAll(() => makeKeys(keys));
  afterAll(() => removeOwnFolder(keys));
  for (const [kind, flags] of [
    ['simple', briefTokens],
    ['signed', [signedTokens(keys)]],
  ] as const) {
    fault(`fault 31: a ${kind} token expires [C6]`, { flags }, (stage) => outliveTokens(stage, kind));
  }

  fault('fault 32: the role loses one prefix', {}, async (stage) => {
    await addUsers(stage);
    await enable(stage);
    const user = { username: 'leasehold', password: 'secret' };
    const registry = await stage.open(user);
    const told = await stage.listen(registry);
    await registry.register(providerUrl(70));
    const revoke = ['role', 'revoke-permission', 'registry', '/dubbo/', '--prefix=true'];
    await stage.etcd.etcdctl('--user=root:rootpass', ...revoke);
    const grant = 'role grant-permission registry --prefix=true readwrite /dubbo/com.acme.Other/'.split(' ');
    await stage.etcd.etcdctl('--user=root:rootpass', ...grant);
    const refused = registry.register(providerUrl(72));
    await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await registry.register('dubbo://10.0.0.1:20880/com.acme.Other');
    expect(told.last).toContain(providerUrl(70));
    const regrant = 'role grant-permission registry --prefix=true readwrite /dubbo/'.split(' ');
    await stage.etcd.etcdctl('--user=root:rootpass', ...regrant);
    await registry.register(providerUrl(73));
    expect(await stage.control.get(keyOf(providerUrl(73)))).toBeDefined();
    await stage.leave(registry, told);
    await disable(stage);
  });

  fault(
    'fault 32: what was denied is had without a new link once the right is granted',
    {},
    async (stage) => {
      await addUsers(stage);
      await enable(stage);
      const asRoot = (line: string): Promise<string> =>
        stage.etcd.etcdctl('--user=root:rootpass', ...line.split(' '));
      const registry = await stage.open({ username: 'leasehold', password: 'secret' });
      const told = await stage.listen(registry);
      const watcher = () => registry.status().watchers.find(({ prefix: each }) => each === prefix);
      await asRoot('role revoke-permission registry /dubbo/ --prefix=true');
      stage.proxy.resetAll();
      await eventually(() => expect(watcher()).toMatchObject({ state: 'denied', isLive: false }));
      const { epoch } = registry.status().connection;
      const states: string[] = [];
      registry.on('registration', ({ state }) => states.push(state));
      await registry.register(`${providerUrl(76)}?check=false`);
      await eventually(() => expect(states).toContain('failed'));
      await asRoot('role grant-permission registry --prefix=true readwrite /dubbo/');
      await eventually(() => expect(states).toContain('written'));
      await eventually(() => expect(watcher()).toMatchObject({ state: 'watching', isLive: true }));
      await stage.sees(told, [...stage.desired, `${providerUrl(76)}?check=false`]);
      expect(registry.status().connection.epoch).toBe(epoch);
      await stage.leave(registry, told);
      await disable(stage);
    },
  );

  fault('fault 33: authentication is switched on and off again', withUser, async (stage) => {
    await addUsers(stage);
    await enable(stage);
    await stage.register(`${providerUrl(74)}?check=false`);
    await stage.settled();
    await disable(stage);
    await stage.register(`${providerUrl(75)}?check=false`);
  });
});
