/** How often a listener is called when much changes: on the in-memory etcd, in a time that the test lets pass. */
import { expect, test } from 'vitest';
import { resolveOptions } from '../src/options.js';
import { type VirtualRegistry, withVirtualRegistry } from './support/virtual-registry.js';

const consumer = 'consumer://10.0.0.9/a.B?check=false';

function keyOf(index: number): string {
  return `/dubbo/a.B/providers/${encodeURIComponent(`dubbo://10.0.${index >> 8}.${index & 255}:1/a.B`)}`;
}

/** The sizes of the lists that a listener was told; an empty one counts 0. */
async function listen({ registry, pass }: VirtualRegistry): Promise<number[]> {
  const sizes: number[] = [];
  const subscribed = registry.subscribe(consumer, (urls) => {
    sizes.push(urls[0]?.protocol === 'empty' ? 0 : urls.length);
  });
  await pass(1_000);
  await subscribed;
  return sizes;
}

test('a burst of 1,000 changes in 100 ms costs a listener no more than four calls, and the last tells all', async () => {
  await withVirtualRegistry({}, async (virtual) => {
    const sizes = await listen(virtual);
    sizes.length = 0;
    for (let index = 0; index < 1_000; index += 1) {
      virtual.put(keyOf(index));
      if (index % 10 === 9) await virtual.pass(1);
    }
    await virtual.pass(100);
    expect(sizes.length).toBeLessThanOrEqual(4);
    expect(sizes.at(-1)).toBe(1_000);
  });
});

test('the window bounds the calls of a second of changes, and 0 takes the bound away', async () => {
  const calls = async (notifyWindowMs: number): Promise<number> => {
    let count = 0;
    await withVirtualRegistry({ notifyWindowMs }, async (virtual) => {
      const sizes = await listen(virtual);
      sizes.length = 0;
      for (let index = 0; index < 1_000; index += 1) {
        virtual.put(keyOf(index));
        await virtual.pass(1);
      }
      await virtual.pass(1_000);
      expect(sizes.at(-1)).toBe(1_000);
      count = sizes.length;
    });
    return count;
  };
  expect(await calls(200)).toBeLessThanOrEqual(6);
  expect(await calls(200)).toBeGreaterThanOrEqual(5);
  expect(await calls(0)).toBeGreaterThan(500);
});

test('the first change after a quiet time is told as soon as it is known, the next at the end of the window', async () => {
  await withVirtualRegistry({ notifyWindowMs: 400 }, async (virtual) => {
    const sizes = await listen(virtual);
    expect(sizes.splice(0)).toEqual([0]);
    virtual.put(keyOf(1));
    // The simulated network takes some milliseconds.
    await virtual.pass(100);
    expect(sizes.splice(0)).toEqual([1]);
    virtual.put(keyOf(2));
    await virtual.pass(100);
    virtual.delete(keyOf(1));
    virtual.delete(keyOf(2));
    await virtual.pass(100);
    expect(sizes).toEqual([]);
    await virtual.pass(200);
    expect(sizes).toEqual([0]);
  });
});

test('an iterator gives what is true when it is asked, window or not', async () => {
  await withVirtualRegistry({ notifyWindowMs: 10_000 }, async (virtual) => {
    const views = virtual.registry.watch(consumer);
    for (const index of [1, 2, 3]) {
      virtual.put(keyOf(index));
      await virtual.pass(100);
      expect((await views.next()).value?.urls).toHaveLength(index);
    }
  });
});

test('a listener that hangs past the window is told the latest when it is ready', async () => {
  await withVirtualRegistry({ notifyWindowMs: 10 }, async (virtual) => {
    const sizes: number[] = [];
    let ready = (): void => {};
    const subscribed = virtual.registry.subscribe(consumer, (urls) => {
      sizes.push(urls[0]?.protocol === 'empty' ? 0 : urls.length);
      return new Promise<void>((resolve) => {
        ready = resolve;
      });
    });
    await virtual.pass(100);
    await subscribed;
    for (const index of [1, 2, 3]) virtual.put(keyOf(index));
    await virtual.pass(1_000);
    expect(sizes).toEqual([0]);
    ready();
    await virtual.pass(20);
    expect(sizes).toEqual([0, 3]);
  });
});

test('what waits for the end of a window is not told after unsubscribe or close, and leaves no timer [SUB-5]', async () => {
  await withVirtualRegistry({ notifyWindowMs: 400 }, async (virtual) => {
    const { registry, pass, put, counts } = virtual;
    let calls = 0;
    const listener = (): number => (calls += 1);
    const subscribe = async (): Promise<void> => {
      const subscribed = registry.subscribe(consumer, listener);
      await pass(1_000);
      await subscribed;
    };
    await subscribe();
    put(keyOf(1));
    await pass(100);
    put(keyOf(2));
    await pass(100);
    expect(calls).toBe(2);
    await registry.unsubscribe(consumer, listener);
    await pass(1_000);
    expect(calls).toBe(2);
    await subscribe();
    put(keyOf(3));
    await pass(100);
    put(keyOf(4));
    await pass(100);
    expect(calls).toBe(4);
    const closed = registry.close();
    await pass(5_000);
    await closed;
    put(keyOf(5));
    await pass(5_000);
    expect(calls).toBe(4);
    expect(counts().timers).toBe(0);
  });
});

test('takes 50 ms for the window unless told otherwise, and no time below 0', () => {
  expect(resolveOptions({ address: 'h' }).notifyWindowMs).toBe(50);
  expect(resolveOptions({ address: 'h', notifyWindowMs: 0 }).notifyWindowMs).toBe(0);
  for (const notifyWindowMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => resolveOptions({ address: 'h', notifyWindowMs })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'notifyWindowMs' }),
    );
  }
});
