/** One registry for each etcd and root, shared by all who ask the factory for it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { destroyAll, getRegistries, getRegistry } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { describeOnEtcd } from '../support/on-etcd.js';

function sharing(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;

  beforeAll(async () => {
    etcd = await start();
  });

  afterEach(() => destroyAll());
  afterAll(() => etcd.stop());

  test('gives the same registry to all who ask, also to those who ask at once [F9]', async () => {
    const [one, two] = await Promise.all([
      getRegistry(etcd.endpoint),
      getRegistry(`etcd3://${etcd.endpoint}/x?session=9000&application=a`),
    ]);
    expect(two).toBe(one);
    expect(await getRegistry({ address: etcd.endpoint })).toBe(one);
    expect(getRegistries()).toEqual([one]);
  });

  test('gives another one for another root, other credentials, or other endpoints, in whatever order [F9]', async () => {
    const { endpoint } = etcd;
    const dead = '127.0.0.1:1';
    const addresses = [
      endpoint,
      `${endpoint}?group=other`,
      `${endpoint}?version=2`,
      `user:pass@${endpoint}?check=false`,
      `${endpoint}?backup=${dead}`,
    ];
    const registries = await Promise.all(addresses.map((address) => getRegistry(`etcd3://${address}`)));
    expect(new Set(registries).size).toBe(addresses.length);
    expect(await getRegistry(`${dead},${endpoint}`)).toBe(registries.at(-1));
  });

  test('does not give a registry that was closed to anybody [F9]', async () => {
    const one = await getRegistry(etcd.endpoint);
    const closed = one.close();
    expect(getRegistries()).toEqual([]);
    const two = await getRegistry(etcd.endpoint);
    expect(two).not.toBe(one);
    await closed;
    expect(getRegistries()).toEqual([two]);
    expect(two.isAvailable()).toBe(true);
  });

  test('tells a failure to all who wait for it, and tries anew for the next', async () => {
    const options = { address: '127.0.0.1:1', timeoutMs: 200 };
    const both = await Promise.allSettled([getRegistry(options), getRegistry(options)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(getRegistries()).toEqual([]);
    const registry = await getRegistry({ ...options, check: false });
    expect(registry.isAvailable()).toBe(false);
    await expect(getRegistry('http://')).rejects.toMatchObject({ code: expect.stringMatching(/^INVALID_/) });
  });

  test('gives up for the caller whose signal is aborted, and begins anew when nobody was left to wait', async () => {
    etcd.proxy.blackHole('up');
    const ask = (signal?: AbortSignal): Promise<unknown> =>
      getRegistry({ address: etcd.endpoint, ...(signal === undefined ? {} : { signal }) }).then(
        () => 'given',
        ({ code }: { readonly code: string }) => code,
      );
    const [first, second] = [new AbortController(), new AbortController()];
    const given = [ask(first.signal), ask(second.signal), ask(AbortSignal.abort())];
    first.abort();
    second.abort();
    const later = [ask(first.signal), ask()];
    expect(await Promise.all([...given, later[0]])).toEqual(['ABORTED', 'ABORTED', 'ABORTED', 'ABORTED']);
    expect(getRegistries()).toEqual([]);
    etcd.proxy.heal();
    expect(await later[1]).toBe('given');
    expect(getRegistries()).toHaveLength(1);
  });

  test('destroys them all, also those being created, and creates new ones after that', async () => {
    const one = await getRegistry(etcd.endpoint);
    const being = getRegistry(`${etcd.endpoint}?group=other`);
    await destroyAll();
    expect([one.isOpen, (await being).isOpen]).toEqual([false, false]);
    expect(await getRegistry(etcd.endpoint)).not.toBe(one);
  });
}

describe('sharing the in-memory etcd', () => sharing(memoryEtcdUnderTest));
describeOnEtcd('sharing a real etcd', () => sharing(realEtcdUnderTest));
