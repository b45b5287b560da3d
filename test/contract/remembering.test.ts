/** A start without etcd: what a consumer is told from the cache file, and how that is put right. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCacheText } from '../../src/cache-text.js';
import { realFiles } from '../../src/file-store.js';
import { createRegistry, type Registry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const program = fileURLToPath(new URL('../support/remembering-process.ts', import.meta.url));
const service = 'com.acme.Orders';
const consumer = `consumer://10.0.0.9/${service}?category=providers,routers`;
const [one, two] = [`dubbo://10.0.0.1:1/${service}`, `dubbo://10.0.0.2:1/${service}`];

function keyOf(url: string): string {
  return `/dubbo/${service}/providers/${encodeURIComponent(url)}`;
}

function remembering(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let folder: string;
  let file: string;
  const open: Registry[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    etcd = await start();
    folder = mkdtempSync(join(tmpdir(), 'leasehold-'));
    file = join(folder, 'cache');
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(open.splice(0).map((registry) => registry.close()));
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function registryWith(check: boolean): Promise<Registry> {
    const registry = await createRegistry({ address: etcd.endpoint, file, check, timeoutMs: 2_000 });
    open.push(registry);
    return registry;
  }

  /** A run of the consumer that ends with the file written. */
  async function earlierRun(): Promise<void> {
    await etcd.control.put(keyOf(one), '1');
    const registry = await registryWith(true);
    await registry.subscribe(consumer, () => {});
    await registry.close();
  }

  test('tells what is remembered, marked stale, before subscribe resolves, and later what is true [LIFE-2]', async () => {
    await earlierRun();
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    const told: string[] = [];
    const registry = await registryWith(false);
    const views = registry.watch(`consumer://10.0.0.9/${service}`);
    await registry.subscribe(consumer, (urls, { category, stale, revision }) =>
      told.push(
        `${category} ${urls.map(({ protocol, host }) => `${protocol}:${host}`).join()} ${stale === undefined ? 'live' : `stale@${revision}`}`,
      ),
    );
    expect(told.splice(0)).toEqual(['routers empty:10.0.0.9 stale@0', 'providers dubbo:10.0.0.1 stale@0']);
    const { value } = await views.next();
    expect(value?.urls.map(String)).toEqual([one]);
    expect(value?.stale?.reason).toContain(file);
    await etcd.control.delete(keyOf(one));
    await etcd.control.put(keyOf(two), '1');
    await etcd.proxy.startAccepting();
    await eventually(() =>
      expect(told.sort()).toEqual(['providers dubbo:10.0.0.2 live', 'routers empty:10.0.0.9 live']),
    );
    expect((await views.next()).value?.removed.map(String)).toEqual([one]);
  });

  /** A process that writes the same file. */
  function remembererOn(name: string): { readonly child: ChildProcess; readonly output: string } {
    const child = spawn(process.execPath, ['--import', 'tsx', program, etcd.endpoint, file, name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    let output = '';
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
    });
    return {
      child,
      get output(): string {
        return output;
      },
    };
  }

  test('insists on etcd where the url does, whatever is remembered [LIFE-2]', async () => {
    await earlierRun();
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    const registry = await registryWith(false);
    let calls = 0;
    const url = `dubbo://10.0.0.9/${service}?category=providers,routers`;
    await expect(registry.subscribe(url, () => (calls += 1))).rejects.toMatchObject({
      code: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
    });
    expect(calls).toBe(0);
    await expect(registry.lookup(consumer)).rejects.toThrow();
  });

  test('reports a broken file, works without it, and puts a good one in its place', async () => {
    writeFileSync(file, '#Dubbo Registry Cache\ncom.acme.Orders=\\u00');
    const registry = await registryWith(true);
    await eventually(() =>
      expect(registry.status().cache).toEqual({ file, lastError: expect.stringContaining(file) }),
    );
    await etcd.control.put(keyOf(one), '1');
    await registry.subscribe(consumer, () => {});
    await registry.close();
    expect(registry.status().cache).toEqual({ file, lastError: null });
    expect(readCacheText(readFileSync(file, 'latin1'))).toMatchObject({ complaints: [] });
  });

  test('tells for interface=* what is remembered of every service, and later which of them is gone [LIFE-2]', async () => {
    const admin = 'admin://10.0.0.9?interface=*&check=false';
    const other = keyOf(one).replaceAll(service, 'com.acme.Other');
    await etcd.control.put(keyOf(one), '1');
    await etcd.control.put(other, '1');
    const earlier = await registryWith(true);
    await earlier.subscribe(admin, () => {});
    await earlier.close();
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await etcd.control.delete(other);
    const told: string[] = [];
    const registry = await registryWith(false);
    await registry.subscribe(admin, (urls, info) =>
      told.push(`${info.service} ${urls[0]?.protocol} ${info.stale === undefined ? 'live' : 'stale'}`),
    );
    expect(told.splice(0).sort()).toEqual(['com.acme.Orders dubbo stale', 'com.acme.Other dubbo stale']);
    await etcd.proxy.startAccepting();
    await eventually(() =>
      expect(told.sort()).toEqual(['com.acme.Orders dubbo live', 'com.acme.Other empty live']),
    );
    await registry.close();
    const { entries } = readCacheText(readFileSync(file, 'latin1'));
    const remembered = [...entries.values()].flat().filter(({ protocol }) => protocol !== 'empty');
    expect(remembered.map(String)).toEqual([one]);
  });

  test('keeps the file whole for two processes that write it, one of which is killed', async () => {
    writeFileSync(`${file}.1.1.tmp`, 'left by a process that is gone');
    const [first, second] = [remembererOn('A'), remembererOn('B')];
    await eventually(() => expect([first.output, second.output]).toEqual(['ready\n', 'ready\n']));
    const complaints = new Set<string>();
    const seen = new Set<string>();
    for (let serial = 1; seen.size < 4; serial += 1) {
      await etcd.control.put(
        keyOf(one.replace(service, `com.acme.Shared?x=${serial}`)).replace(service, 'com.acme.Shared'),
        '1',
      );
      const text = (await realFiles.read(file))?.text;
      if (text === undefined) continue;
      seen.add(text);
      for (const complaint of readCacheText(text).complaints) complaints.add(complaint);
    }
    first.child.kill('SIGKILL');
    second.child.stdin?.write('close\n');
    await eventually(() => expect(second.output).toBe('ready\nnull\n'));
    const { entries, complaints: last } = readCacheText(readFileSync(file, 'latin1'));
    expect([...complaints, ...last]).toEqual([]);
    expect([...entries.keys()]).toEqual(
      expect.arrayContaining(['com.acme.B1', 'com.acme.B2', 'com.acme.B3', 'com.acme.Shared']),
    );
  });

  test('does not corrupt a file that two registries write, and keeps what both know', async () => {
    const registries = [await registryWith(true), await registryWith(true)];
    const complaints: string[] = [];
    for (const [index, registry] of registries.entries()) {
      for (let serial = 1; serial <= 20; serial += 1) {
        await registry.subscribe(`consumer://10.0.0.9/com.acme.S${index}x${serial}`, () => {});
      }
    }
    const reader = setInterval(() => {
      if (readdirSync(folder).includes('cache'))
        complaints.push(...readCacheText(readFileSync(file, 'latin1')).complaints);
    }, 5);
    await Promise.all(registries.map((registry) => registry.close()));
    clearInterval(reader);
    expect(complaints).toEqual([]);
    const { entries } = readCacheText(readFileSync(file, 'latin1'));
    expect(entries.size).toBe(40);
    expect(readdirSync(folder)).toEqual(['cache']);
  });
}

describe('remembering the in-memory etcd', () => remembering(memoryEtcdUnderTest));
describeOnEtcd('remembering a real etcd', () => remembering(realEtcdUnderTest));
