/** A start without etcd: what a consumer is told from the cache file, and how that is put right. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCacheText } from '../../src/cache-text.js';
import { createRegistry, type Registry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

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

  beforeEach(async () => {
    etcd = await start();
    folder = mkdtempSync(join(tmpdir(), 'leasehold-'));
    file = join(folder, 'cache');
  });

  afterEach(async () => {
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
    writeFileSync(file, 'com.acme.Orders=\\u00');
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

  test('does not corrupt a file that two processes write, and keeps what both know', async () => {
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
    expect(entries.size).toBeGreaterThanOrEqual(20);
    expect(readdirSync(folder)).toEqual(['cache']);
  });
}

describe('remembering the in-memory etcd', () => remembering(memoryEtcdUnderTest));
describeOnEtcd('remembering a real etcd', () => remembering(realEtcdUnderTest));
