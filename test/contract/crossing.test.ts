/** Calls that cross one another: several callers of one URL, signals that are aborted too early or too late, and going off and on meanwhile. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry, RegistryError } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

let serial = 0;

function crossings(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let service: string;

  beforeAll(async () => {
    etcd = await start();
  });

  afterAll(() => etcd.stop());

  beforeEach(async () => {
    serial += 1;
    service = `com.acme.Crossed${serial}`;
    registry = await createRegistry({ address: etcd.endpoint, timeoutMs: 600 });
  });

  afterEach(() => registry.close());

  function urlOf(host: number): string {
    return `dubbo://10.0.0.${host}:1/${service}`;
  }

  async function hosts(): Promise<readonly string[]> {
    const entries = await etcd.control.list(`/dubbo/${service}/providers/`);
    return entries.map(({ key }) => /10\.0\.0\.(\d+)/.exec(key)?.[1] ?? '');
  }

  async function cut(): Promise<void> {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.isAvailable()).toBe(false));
  }

  async function heal(): Promise<void> {
    await etcd.proxy.startAccepting();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
  }

  /** What became of a call, in a word. */
  function outcomeOf(call: Promise<unknown>): Promise<string> {
    return call.then(
      () => 'done',
      (error: unknown) => (error instanceof RegistryError ? error.code : String(error)),
    );
  }

  /** What of it is settled already, else `waits`. */
  function soFar(outcome: Promise<string>): Promise<string> {
    return Promise.race([outcome, new Promise<string>((resolve) => setTimeout(resolve, 100, 'waits'))]);
  }

  test('has the key in etcd exactly while somebody of several callers still wants it [REG-3]', async () => {
    for (let round = 1; round <= 12; round += 1) {
      const calls: Promise<unknown>[] = [];
      let wanted = 0;
      for (let call = 0; call < 12; call += 1) {
        const isRegister = wanted === 0 || (round * 7 + call * 5) % 3 !== 0;
        wanted += isRegister ? 1 : -1;
        calls.push(outcomeOf(isRegister ? registry.register(urlOf(1)) : registry.unregister(urlOf(1))));
        if ((round + call) % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(calls);
      expect(await hosts()).toEqual(wanted > 0 ? ['1'] : []);
      expect(registry.registered()).toHaveLength(Math.min(1, wanted));
      for (; wanted > 0; wanted -= 1) await registry.unregister(urlOf(1));
      expect(await hosts()).toEqual([]);
    }
  });

  test('withdraws although the signal was aborted before, and rejects [REG-3]', async () => {
    await registry.register(urlOf(1));
    await registry.register(urlOf(2));
    const signal = AbortSignal.abort();
    expect(await outcomeOf(registry.unregister(urlOf(1), { signal }))).toBe('ABORTED');
    await eventually(async () => expect(await hosts()).toEqual(['2']));
    expect(await outcomeOf(registry.offline({ signal }))).toBe('ABORTED');
    await eventually(async () => expect(await hosts()).toEqual([]));
    expect(await outcomeOf(registry.online({ signal }))).toBe('ABORTED');
    await registry.online();
    expect(await hosts()).toEqual(['2']);
    await registry.unregister(urlOf(2));
    expect(await hosts()).toEqual([]);
  });

  test('does not bring back what was unregistered while it was coming online [REG-3]', async () => {
    await registry.register(urlOf(1));
    await registry.register(urlOf(1));
    await registry.offline();
    await cut();
    const online = outcomeOf(registry.online());
    await registry.unregister(urlOf(1));
    expect(await online).toMatch(/UNREACHABLE|TIMEOUT/);
    const last = registry.unregister(urlOf(1));
    await heal();
    await last;
    await registry.register(urlOf(9));
    expect(await hosts()).toEqual(['9']);
  });

  test('remembers a registration that is under way when the registry goes offline', async () => {
    await cut();
    const [first, second] = [outcomeOf(registry.register(urlOf(1))), outcomeOf(registry.register(urlOf(2)))];
    await Promise.resolve();
    const withdrawn = outcomeOf(registry.unregister(urlOf(2)));
    const offline = registry.offline();
    expect([await first, await second]).toEqual(['done', 'ABORTED']);
    await heal();
    await Promise.all([offline, withdrawn]);
    expect(await hosts()).toEqual([]);
    await registry.online();
    expect(await hosts()).toEqual(['1']);
  });

  test('resolves a registration that went offline and online under it only when it is written [REG-1]', async () => {
    await cut();
    const registered = outcomeOf(registry.register(urlOf(1)));
    await Promise.resolve();
    void registry.offline();
    const online = registry.online();
    expect(await soFar(registered)).toBe('waits');
    await heal();
    expect(await registered).toBe('done');
    await online;
    expect(await hosts()).toEqual(['1']);
    await registry.unregister(urlOf(1));
    expect(await hosts()).toEqual([]);
  });

  test('lets whoever unregisters, goes offline or comes online again wait for what is under way', async () => {
    await registry.register(urlOf(1));
    await cut();
    const offline = outcomeOf(registry.offline());
    const again = outcomeOf(registry.offline());
    const unregistered = outcomeOf(registry.unregister(urlOf(1)));
    expect(await Promise.all([offline, again, unregistered].map(soFar))).toEqual(['waits', 'waits', 'waits']);
    await heal();
    expect(await Promise.all([offline, again, unregistered])).toEqual(['done', 'done', 'done']);
    await registry.register(urlOf(2));
    await cut();
    const online = [outcomeOf(registry.online()), outcomeOf(registry.online())];
    expect(await Promise.all(online.map(soFar))).toEqual(['waits', 'waits']);
    await heal();
    await Promise.all(online);
    await eventually(async () => expect(await hosts()).toEqual(['2']));
  });

  test('gives a registration up that still waits to be ready when it is unregistered [REG-3]', async () => {
    let isReady = (): void => {};
    const when = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const waiting = outcomeOf(registry.register(urlOf(1), { when }));
    const other = outcomeOf(registry.register(urlOf(2), { when }));
    await registry.unregister(urlOf(1));
    expect(await waiting).toBe('ABORTED');
    isReady();
    expect(await other).toBe('done');
    expect(await hosts()).toEqual(['2']);
  });

  test('refuses at once what cannot be registered, and hears what it was to wait for fail [LIFE-3]', async () => {
    const unhandled: unknown[] = [];
    const hear = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', hear);
    const failing = (): Promise<void> => Promise.reject(new Error('not ready'));
    const never = new Promise<void>(() => {});
    expect(await outcomeOf(registry.register('dubbo://10.0.0.1:1', { when: never }))).toBe('INVALID_URL');
    expect(await outcomeOf(registry.register('dubbo://h:abc/x', { when: failing() }))).toBe('INVALID_URL');
    await registry.close();
    expect(await outcomeOf(registry.register(urlOf(1), { when: failing() }))).toBe('CLOSED');
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
  });

  test('goes on with a subscription that two asked for when one gives it up', async () => {
    await cut();
    const url = `consumer://10.0.0.9/${service}`;
    const abort = new AbortController();
    let calls = 0;
    const listener = (): number => (calls += 1);
    const first = outcomeOf(registry.subscribe(url, listener, { signal: abort.signal }));
    const second = outcomeOf(registry.subscribe(url, listener));
    abort.abort();
    expect(await first).toBe('ABORTED');
    await heal();
    expect(await second).toBe('done');
    await eventually(() => expect(calls).toBe(1));
    await registry.unsubscribe(url, listener);
    expect(registry.subscribed()).toEqual([]);
  });

  test('ignores the withdrawal of a url that has no key', async () => {
    await registry.unregister('admin://10.0.0.1?interface=*&category=providers,consumers&check=false');
    await registry.unregister('dubbo://10.0.0.1:1');
  });
}

describe('crossing calls on the in-memory etcd', () => crossings(memoryEtcdUnderTest));
describeOnEtcd('crossing calls on a real etcd', () => crossings(realEtcdUnderTest));
