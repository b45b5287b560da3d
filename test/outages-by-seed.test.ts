/** What has to come true whatever happened on the way: outages drawn from seeds, in a time of the test's own. */
import { describe, expect, test } from 'vitest';
import { FileStub } from './support/file-stub.js';
import { type VirtualRegistry, withVirtualRegistry } from './support/virtual-registry.js';

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const services = ['a.A', 'b.B', 'c.C'];
const admin = 'admin://10.0.0.9?interface=*&category=providers,routers&check=false';

function keyOf(service: string, host: number): string {
  return `/dubbo/${service}/providers/${encodeURIComponent(`dubbo://10.0.0.${host}:1/${service}`)}`;
}

/** A minute in which strangers come and go, and the link breaks, stays away, and history is compacted. */
async function unquietMinute(virtual: VirtualRegistry, also: () => void = () => {}): Promise<void> {
  const { dice } = virtual;
  for (let leftMs = 60_000; leftMs > 0; ) {
    const happening = dice.weighted([
      [10, (): void => virtual.put(keyOf(dice.pick(services), dice.integer(1, 4)))],
      [10, (): void => virtual.delete(keyOf(dice.pick(services), dice.integer(1, 4)))],
      [2, (): void => virtual.reset()],
      [2, (): void => virtual.cut()],
      [4, (): void => virtual.heal()],
      [1, (): void => virtual.compact()],
      [4, also],
    ] as const);
    happening();
    const ms = dice.integer(1, 1_500);
    await virtual.pass(ms);
    leftMs -= ms;
  }
  virtual.heal();
  await virtual.pass(30_000);
}

/** Listens to all services; gives what was told last, one line for each provider. */
function listen({ registry }: VirtualRegistry): { shown(): readonly string[]; staleCount: number } {
  const last = new Map<string, readonly string[]>();
  const told = {
    staleCount: 0,
    shown: (): readonly string[] => [...last.values()].flat().sort(),
  };
  void registry.subscribe(admin, (urls, { service, category, stale }) => {
    if (stale !== undefined) told.staleCount += 1;
    const keys = urls
      .filter(({ protocol }) => protocol !== 'empty')
      .map((url) => `/dubbo/${service}/${category}/${encodeURIComponent(url.toFullString())}`);
    last.set(`${service} ${category}`, keys);
  });
  return told;
}

function providersIn({ keys }: VirtualRegistry): readonly string[] {
  return keys()
    .filter((key) => key.includes('/providers/'))
    .sort();
}

describe.each(seeds)('with seed %i', (seed) => {
  test('a listener to all services is in the end told what etcd holds [SUB-3]', async () => {
    await withVirtualRegistry(
      {},
      async (virtual) => {
        const told = listen(virtual);
        await unquietMinute(virtual);
        expect(told.shown()).toEqual(providersIn(virtual));
      },
      { seed },
    );
  });

  test('what is registered is in etcd in the end if it is online, and is not if it is offline [REG-2] [REG-3]', async () => {
    await withVirtualRegistry(
      {},
      async (virtual) => {
        const { registry, dice } = virtual;
        const leased = 'dubbo://10.0.9.9:1/z.Z?check=false';
        const lasting = 'dubbo://10.0.9.8:1/z.Z?check=false&dynamic=false';
        for (const url of [leased, lasting]) await registry.register(url);
        let isOnline = true;
        await unquietMinute(virtual, () => {
          isOnline = dice.chance(0.5);
          void (isOnline ? registry.online() : registry.offline()).catch(() => {});
        });
        const own = providersIn(virtual).filter((key) => key.startsWith('/dubbo/z.Z/'));
        const wanted = isOnline ? [lasting, leased] : [lasting];
        expect(own.map((key) => decodeURIComponent(key.slice(key.lastIndexOf('/') + 1)))).toEqual(wanted);
        expect(registry.registered()).toHaveLength(2);
      },
      { seed },
    );
  });

  test('a listener that starts without etcd is told what was remembered, marked stale, and in the end what is true [LIFE-2]', async () => {
    const files = new FileStub();
    const options = { file: '/cache' };
    let remembered: readonly string[] = [];
    await withVirtualRegistry(
      options,
      async (virtual) => {
        listen(virtual);
        await unquietMinute(virtual);
        remembered = providersIn(virtual);
      },
      { seed, files },
    );
    await withVirtualRegistry(
      options,
      async (virtual) => {
        const told = listen(virtual);
        await virtual.pass(3_000);
        expect(told.shown()).toEqual(remembered);
        if (remembered.length > 0) expect(told.staleCount).toBeGreaterThan(0);
        await unquietMinute(virtual);
        expect(told.shown()).toEqual(providersIn(virtual));
      },
      { seed: seed + 1_000, files, isCut: true, keys: remembered.slice(1) },
    );
  });
});
