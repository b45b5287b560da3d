/** A registry whose tokens end while it runs, on the in-memory etcd and on a real one, with both kinds of tokens. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, type RegistryOptions, type ServiceUrl } from '../../src/index.js';
import { bytes, EtcdClient } from '../support/etcd-client.js';
import { eventually } from '../support/eventually.js';
import {
  type GuardedEtcd,
  login,
  startGuardedMemoryEtcd,
  startGuardedRealEtcd,
  type TokenKind,
  testUser,
} from '../support/guarded-etcd.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const providerOf = (service: string, host: number): string => `dubbo://10.0.0.${host}:20880/${service}`;
const keyOf = (service: string, host: number): string =>
  `/dubbo/${service}/providers/${encodeURIComponent(providerOf(service, host))}`;
const orders = 'com.acme.Orders';
const stock = 'com.acme.Stock';

/** What happened to a registry's link, and to views that were live, since it was opened. */
interface Trouble {
  readonly links: string[];
  readonly stale: string[];
}

function troubleOf(registry: Registry): Trouble {
  const trouble: Trouble = { links: [], stale: [] };
  registry.on('connection', ({ state }) => trouble.links.push(state));
  const live = new Set<string>();
  registry.on('view', ({ prefix, stale }) => {
    if (stale === undefined) live.add(prefix);
    else if (live.has(prefix)) trouble.stale.push(`${prefix}: ${stale.reason}`);
  });
  return trouble;
}

const prefixes = ['/dubbo/', '/leasehold/'];

function open(etcd: GuardedEtcd, login: RegistryOptions): Promise<Registry> {
  return createRegistry({ address: etcd.endpoint.replace('http://', ''), file: false, ...login });
}

/** Adds a listener; answers what it was told last. */
async function listen(registry: Registry, service: string): Promise<() => readonly string[]> {
  let last: readonly string[] = [];
  await registry.subscribe(`consumer://10.0.0.9/${service}`, (urls: readonly ServiceUrl[]) => {
    last = urls.filter(({ protocol }) => protocol !== 'empty').map((url) => url.toFullString());
  });
  return () => last;
}

/** Somebody else, with a token of his own, is a provider. */
async function provide(etcd: GuardedEtcd, service: string, host: number): Promise<void> {
  await using client = new EtcdClient(etcd.endpoint, { token: await login(etcd.endpoint, testUser) });
  await client.kv.put({ key: bytes(keyOf(service, host)), value: bytes('1') }, {});
}

function tokenTests(start: (tokens: TokenKind, prefixes: readonly string[]) => Promise<GuardedEtcd>): void {
  describe.each(['simple', 'jwt'] as const)('%s tokens', (tokens) => {
    let etcd: GuardedEtcd;
    let registry: Registry;
    let trouble: Trouble;

    beforeEach(async () => {
      etcd = await start(tokens, ['/dubbo/', '/leasehold/']);
      const user = { username: 'u', password: 'p' };
      registry = await createRegistry({
        address: etcd.endpoint.replace('http://', ''),
        file: false,
        ...user,
      });
      trouble = troubleOf(registry);
    });
    afterEach(async () => {
      await registry.close();
      await etcd[Symbol.asyncDispose]();
    });

    test('a call that meets the end of its token is not rejected, and the link stands [LIFE-5]', async () => {
      const toldOrders = await listen(registry, orders);
      await etcd.expireTokens();
      await registry.register(providerOf(orders, 1));
      await etcd.expireTokens();
      await registry.unregister(providerOf(orders, 1));
      await registry.register(providerOf(orders, 2));
      await eventually(() => expect(toldOrders()).toEqual([providerOf(orders, 2)]));
      expect(trouble).toEqual({ links: [], stale: [] });
    });

    test('a subscription after the end of the token is live, and disturbs no other [LIFE-5]', async () => {
      const toldOrders = await listen(registry, orders);
      await etcd.expireTokens();
      const toldStock = await listen(registry, stock);
      await provide(etcd, orders, 3);
      await provide(etcd, stock, 4);
      await eventually(() => expect(toldOrders()).toEqual([providerOf(orders, 3)]));
      await eventually(() => expect(toldStock()).toEqual([providerOf(stock, 4)]));
      expect(trouble).toEqual({ links: [], stale: [] });
    });

    test('what an administrator does to other users disturbs nobody [LIFE-5]', async () => {
      const toldOrders = await listen(registry, orders);
      await etcd.changeOtherUser();
      await registry.register(providerOf(orders, 5));
      await etcd.changeOtherUser();
      const toldStock = await listen(registry, stock);
      await registry.register(providerOf(stock, 6));
      await eventually(() => expect(toldOrders()).toEqual([providerOf(orders, 5)]));
      await eventually(() => expect(toldStock()).toEqual([providerOf(stock, 6)]));
      expect(trouble).toEqual({ links: [], stale: [] });
    });

    test('a password that was replaced is asked for again, by the same link [LIFE-5]', async () => {
      let password = 'p';
      await using rotated = await open(etcd, { credentials: async () => ({ username: 'u', password }) });
      const troubleOfRotated = troubleOf(rotated);
      const toldOrders = await listen(rotated, orders);
      password = 'new';
      await etcd.setPassword(password);
      await rotated.register(providerOf(orders, 7));
      await eventually(() => expect(toldOrders()).toEqual([providerOf(orders, 7)]));
      expect(troubleOfRotated).toEqual({ links: [], stale: [] });
    });
  });

  test('a password that etcd refuses breaks the link until it is the right one [LIFE-5]', async () => {
    await using etcd = await start('simple', prefixes);
    let password = 'p';
    await using registry = await open(etcd, { credentials: () => ({ username: 'u', password }) });
    const reasons: string[] = [];
    registry.on('connection', (event) => {
      if (event.state === 'disconnected') reasons.push(event.reason);
    });
    await etcd.setPassword('new');
    await registry.register(`${providerOf(orders, 8)}?check=false`);
    await eventually(() =>
      expect(reasons[0]).toContain('authentication failed, invalid user ID or password'),
    );
    password = 'new';
    await eventually(() => expect(registry.status().registrations[0]?.state).toBe('written'));
  });
}

describe('tokens of the in-memory etcd', () => tokenTests(startGuardedMemoryEtcd));
describeOnEtcd('tokens of a real etcd', () => tokenTests(startGuardedRealEtcd));
