/** Coming and going as services need it: offline and online, draining, signals, and waiting until one is ready. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const program = fileURLToPath(new URL('../support/leaving-process.ts', import.meta.url));
let serial = 0;

function leaving(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let service: string;

  beforeAll(async () => {
    etcd = await start();
  });

  afterAll(async () => {
    await etcd.stop();
  });

  beforeEach(async () => {
    serial += 1;
    service = `com.acme.Leaving${serial}`;
    registry = await createRegistry({ address: etcd.endpoint, timeoutMs: 500 });
    return async () => {
      await registry.close();
      await etcd.control.deletePrefix('/dubbo/');
    };
  });

  function urlOf(host: number): string {
    return `dubbo://10.0.0.${host}:1/${service}`;
  }

  async function hosts(): Promise<readonly string[]> {
    const entries = await etcd.control.list(`/dubbo/${service}/providers/`);
    return entries.map(({ key }) => /10\.0\.0\.(\d+)/.exec(key)?.[1] ?? '');
  }

  test('withdraws what goes with the lease when it goes offline, and puts it back when it comes online', async () => {
    await registry.register(urlOf(1));
    await registry.register(urlOf(1));
    const two = await registry.register(urlOf(2));
    await registry.register(`${urlOf(3)}?dynamic=false`);
    await registry.offline();
    expect(await hosts()).toEqual(['3']);
    await registry.register(urlOf(4));
    await two.close();
    expect(registry.registered().map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.4']);
    await registry.offline();
    await registry.online();
    expect(await hosts()).toEqual(['1', '3', '4']);
    await registry.unregister(urlOf(1));
    expect(await hosts()).toEqual(['1', '3', '4']);
    await registry.unregister(urlOf(1));
    expect(await hosts()).toEqual(['3', '4']);
  });

  test('stays offline through an outage, and comes online in one, late but surely [REG-2] [REG-3]', async () => {
    await registry.register(urlOf(1));
    await registry.offline();
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.isAvailable()).toBe(false));
    await expect(registry.online()).rejects.toMatchObject({
      code: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
    });
    expect(await hosts()).toEqual([]);
    await etcd.proxy.startAccepting();
    await eventually(async () => expect(await hosts()).toEqual(['1']));
    expect(registry.isAvailable()).toBe(true);
  });

  test('drains: withdrawn first, still subscribed, closed at last [E14] [LIFE-1]', async () => {
    await registry.register(urlOf(1));
    await etcd.control.put(`/dubbo/${service}/providers/${encodeURIComponent(urlOf(9))}`, '1');
    const told: string[] = [];
    await registry.subscribe(`consumer://10.0.0.9/${service}`, (urls) =>
      told.push(urls.map(({ protocol, host }) => `${protocol} ${host}`).join()),
    );
    const closed = registry.close({ drainMs: 300 });
    await eventually(async () => expect(await hosts()).toEqual(['9']));
    await eventually(() => expect(told.at(-1)).toBe('dubbo 10.0.0.9'));
    expect(registry.status().state).toBe('running');
    await expect(registry.register(urlOf(2))).rejects.toMatchObject({ code: 'CLOSED' });
    await closed;
    expect(registry.status().state).toBe('closed');
    expect(told.join()).not.toContain('empty');
  });

  test('tells no listener of its own that nobody is left while it is being closed [E14]', async () => {
    await registry.register(urlOf(1));
    const told: string[] = [];
    await registry.subscribe(`consumer://10.0.0.9/${service}`, (urls) => told.push(String(urls)));
    await registry.close();
    expect(told.filter((urls) => urls.startsWith('empty:'))).toEqual([]);
    expect(await hosts()).toEqual([]);
  });

  test('writes nothing before that for which a registration waits has come', async () => {
    let isReady = (): void => {};
    const when = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const registered = registry.register(urlOf(1), { when });
    await registry.register(urlOf(2));
    expect(await hosts()).toEqual(['2']);
    isReady();
    await registered;
    expect(await hosts()).toEqual(['1', '2']);
  });

  test('gives a registration up when what it waits for fails, its signal is aborted, or the registry closes', async () => {
    const cause = new Error('no database');
    const never = new Promise<void>(() => {});
    await expect(registry.register(urlOf(1), { when: Promise.reject(cause) })).rejects.toMatchObject({
      code: 'ABORTED',
      cause,
    });
    const abort = new AbortController();
    const aborted = expect(
      registry.register(urlOf(1), { when: never, signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    abort.abort();
    await aborted;
    const closed = expect(registry.register(urlOf(1), { when: never })).rejects.toMatchObject({
      code: 'CLOSED',
    });
    await registry.close();
    await closed;
    expect(await hosts()).toEqual([]);
  });

  test('leaves at SIGTERM with its keys gone, and dies of that signal [LIFE-1]', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, etcd.endpoint, urlOf(1)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    await eventually(() => expect(output).toContain('ready'));
    expect(await hosts()).toEqual(['1']);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    expect(output).toContain('last words');
    expect(await hosts()).toEqual([]);
  });
}

describe('leaving the in-memory etcd', () => leaving(memoryEtcdUnderTest));
describeOnEtcd('leaving a real etcd', () => leaving(realEtcdUnderTest));
