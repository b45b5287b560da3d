/** What was told last, as AbstractRegistry.getNotified of Dubbo 2.7.1: on the in-memory etcd, in a time of the test's own. */
import { expect, test } from 'vitest';
import type { Registry } from '../src/index.js';
import { withVirtualRegistry } from './support/virtual-registry.js';

const consumer = 'consumer://10.0.0.9/a.B?category=providers,routers&check=false';

function keyOf(service: string, host: number): string {
  return `/dubbo/${service}/providers/${encodeURIComponent(`dubbo://10.0.0.${host}:1/${service}`)}`;
}

/** Each list told last, in one line. */
function shown(registry: Registry): readonly string[] {
  return registry
    .notified()
    .flatMap(({ url, categories }) =>
      [...categories].map(
        ([category, urls]) =>
          `${url.serviceInterface} ${category}: ${urls.map(({ protocol, host }) => `${protocol} ${host}`).join(', ')}`,
      ),
    )
    .sort();
}

test('has the list told last for each category of a consumer URL, and forgets it with the last listener [F8]', async () => {
  await withVirtualRegistry({}, async ({ registry, pass, put }) => {
    const listeners = [() => {}, () => {}];
    put(keyOf('a.B', 1));
    expect(registry.notified()).toEqual([]);
    const subscribed = listeners.map((listener) => registry.subscribe(consumer, listener));
    await pass(1_000);
    await Promise.all(subscribed);
    expect(shown(registry)).toEqual(['a.B providers: dubbo 10.0.0.1', 'a.B routers: empty 10.0.0.9']);
    put(keyOf('a.B', 2));
    await pass(1_000);
    expect(shown(registry)[0]).toBe('a.B providers: dubbo 10.0.0.1, dubbo 10.0.0.2');
    for (const listener of listeners) {
      expect(registry.notified()).toHaveLength(1);
      await registry.unsubscribe(consumer, listener);
    }
    expect(registry.notified()).toEqual([]);
  });
});

test('has what was told, also to a listener that threw, and not what is still to be told', async () => {
  await withVirtualRegistry({ notifyWindowMs: 1_000 }, async ({ registry, pass, put }) => {
    registry.on('listenerError', () => {});
    const subscribed = registry.subscribe(consumer, (_, { category }) => {
      if (category === 'providers') throw new Error('not now');
    });
    await pass(100);
    expect(shown(registry)[0]).toBe('a.B providers: empty 10.0.0.9');
    await pass(10_000);
    put(keyOf('a.B', 1));
    await pass(100);
    expect(shown(registry)[0]).toBe('a.B providers: empty 10.0.0.9');
    await pass(10_000);
    expect(shown(registry)[0]).toBe('a.B providers: dubbo 10.0.0.1');
    await subscribed;
  });
});

test('tells the services of interface=* apart, and drops one that is gone and was told to be', async () => {
  await withVirtualRegistry({}, async (virtual) => {
    const { registry, pass, put } = virtual;
    put(keyOf('a.A', 1));
    put(keyOf('b.B', 1));
    const subscribed = registry.subscribe('admin://10.0.0.9?interface=*&check=false', () => {});
    await pass(1_000);
    await subscribed;
    expect(shown(registry)).toEqual(['a.A providers: dubbo 10.0.0.1', 'b.B providers: dubbo 10.0.0.1']);
    virtual.delete(keyOf('a.A', 1));
    await pass(1_000);
    put(keyOf('b.B', 2));
    await pass(1_000);
    expect(shown(registry)).toEqual(['b.B providers: dubbo 10.0.0.1, dubbo 10.0.0.2']);
  });
});
