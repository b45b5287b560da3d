/** Why a consumer sees nobody: the answer that `explain` gives. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

let serial = 0;

function explaining(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let service: string;

  beforeAll(async () => {
    etcd = await start();
    registry = await createRegistry({ address: etcd.endpoint, timeoutMs: 500 });
  });

  afterAll(async () => {
    await registry.close();
    await etcd.stop();
  });

  beforeEach(() => {
    serial += 1;
    service = `com.acme.Explained${serial}`;
  });

  async function put(query: string, category = 'providers'): Promise<void> {
    const url = `dubbo://user:secret@10.0.0.1:1/${service}?${query}`;
    await etcd.control.put(`/dubbo/${service}/${category}/${encodeURIComponent(url)}`, '1');
  }

  test('says that nobody has ever registered the interface, whoever has a longer name', async () => {
    await etcd.control.put(`/dubbo/${service}X`, '1');
    const explained = await registry.explain(`consumer://10.0.0.9/${service}`);
    expect(explained).toMatchObject({ finding: 'noSuchService', path: `/dubbo/${service}`, matching: [] });
    expect(explained.summary).toContain(`/dubbo/${service}`);
    expect(registry.status().watchers).toEqual([]);
  });

  test('says that nobody is registered now', async () => {
    const registration = await registry.register(`dubbo://10.0.0.1:1/${service}`);
    await registration.close();
    expect(await registry.explain(service)).toMatchObject({ finding: 'nobodyRegistered' });
  });

  test('says of everybody what differs, with both values, and shows no password', async () => {
    await put('group=blue&version=2.0.0');
    await put('enabled=false&version=1.0.0');
    await put('version=1.0.0&classifier=x&category=routers', 'routers');
    const explained = await registry.explain(`consumer://10.0.0.9/${service}?version=1.0.0&classifier=y`);
    expect(explained.finding).toBe('nobodyMatches');
    expect(explained.mismatching.map(({ differences }) => differences)).toEqual([
      [
        { field: 'enabled', wanted: null, found: 'false' },
        { field: 'classifier', wanted: 'y', found: null },
      ],
      [
        { field: 'group', wanted: null, found: 'blue' },
        { field: 'version', wanted: '1.0.0', found: '2.0.0' },
        { field: 'classifier', wanted: 'y', found: null },
      ],
      [
        { field: 'category', wanted: 'providers', found: 'routers' },
        { field: 'classifier', wanted: 'y', found: 'x' },
      ],
    ]);
    expect(explained.summary).toBe('3 differ in enabled, classifier, group, version, category');
    expect(JSON.stringify(explained)).not.toContain('secret');
    expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
  });

  test('counts who matches, and names what cannot be read', async () => {
    await put('version=1.0.0');
    await etcd.control.put(`/dubbo/${service}/providers/bad%`, '1');
    const explained = await registry.explain({ service });
    expect(explained).toMatchObject({ finding: 'provided', mismatching: [], summary: '1 match' });
    expect(explained.undecodable).toEqual([
      { key: `/dubbo/${service}/providers/bad%`, reason: expect.any(String) },
    ]);
  });

  test('explains from what is followed while etcd is away, and says since when that is stale', async () => {
    const url = `consumer://10.0.0.9/${service}?version=1.0.0`;
    await put('version=2.0.0');
    const subscription = await registry.subscribe(url, () => {});
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(registry.isAvailable()).toBe(false));
    const explained = await registry.explain(url);
    expect(explained).toMatchObject({ finding: 'nobodyMatches', stale: { since: expect.any(Number) } });
    expect(explained.summary).toContain('out of date');
    await subscription.close();
    await expect(registry.explain(url)).rejects.toMatchObject({
      code: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
    });
    await etcd.proxy.startAccepting();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
  });

  test('does not explain all services at once', async () => {
    await expect(registry.explain('admin://10.0.0.9?interface=*')).rejects.toMatchObject({
      code: 'INVALID_URL',
    });
  });
}

describe('explaining the in-memory etcd', () => explaining(memoryEtcdUnderTest));
describeOnEtcd('explaining a real etcd', () => explaining(realEtcdUnderTest));
