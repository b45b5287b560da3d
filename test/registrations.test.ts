/** What a registration is told while etcd, or the way to it, is in trouble; in virtual time. */
import { expect, test } from 'vitest';
import { isRegistryError } from '../src/index.js';
import { type VirtualRegistry, withVirtualRegistry } from './support/virtual-registry.js';

const url = 'dubbo://10.0.0.1:20880/com.acme.Orders';

/** How a call has ended so far: `pending`, `done`, or the code of its error. */
function outcomeOf(call: Promise<unknown>): () => string {
  let outcome = 'pending';
  call.then(
    () => {
      outcome = 'done';
    },
    (error: unknown) => {
      outcome = isRegistryError(error) ? error.code : String(error);
    },
  );
  return () => outcome;
}

async function registered({ registry, pass }: VirtualRegistry): Promise<void> {
  const outcome = outcomeOf(registry.register(url));
  await pass(1_000);
  expect(outcome()).toBe('done');
}

test('calls nothing registered while its lease is lost, until it is written under another [REG-1]', async () => {
  await withVirtualRegistry({ sessionMs: 5_000, timeoutMs: 30_000 }, async (virtual) => {
    const { registry, pass, cut, heal, keys } = virtual;
    await registered(virtual);
    cut();
    await pass(60_000);
    expect(registry.status().registrations[0]?.state).toBe('pending');
    const again = outcomeOf(registry.register(url));
    await pass(10_000);
    expect([again(), keys().filter((key) => key.includes('providers'))]).toEqual(['pending', []]);
    heal();
    await pass(15_000);
    expect([again(), registry.status().registrations[0]?.state]).toEqual(['done', 'written']);
  });
});

test('puts the service back with the registration when somebody deletes both [REG-2]', async () => {
  await withVirtualRegistry({}, async (virtual) => {
    const { pass, keys } = virtual;
    await registered(virtual);
    const before = keys().filter((key) => key.startsWith('/dubbo/'));
    expect(before).toContain('/dubbo/com.acme.Orders');
    for (const key of before) virtual.delete(key);
    await pass(5_000);
    expect(keys().filter((key) => key.startsWith('/dubbo/'))).toEqual(before);
  });
});

test.each(['pending', 'written'])(
  'takes a key that another process holds when it is registered again, as when it was new (%s) [REG-1]',
  async (state) => {
    await withVirtualRegistry({ auditIntervalMs: 300, timeoutMs: 3_000 }, async (virtual) => {
      const { registry, pass, keys, take } = virtual;
      await registered(virtual);
      const known = () => registry.status().registrations[0];
      for (const key of keys().filter((each) => each.includes('providers'))) take(key);
      const isReached = () =>
        known()?.state === state && (state === 'pending' || known()?.lastError?.kind === 'conflict');
      for (let step = 0; step < 2_000 && !isReached(); step += 1) await pass(1);
      expect(isReached()).toBe(true);
      const again = outcomeOf(registry.register(url));
      await pass(1_000);
      expect([again(), known()?.state, known()?.lastError]).toEqual(['done', 'written', null]);
    });
  },
);

test.each([0, 100])(
  'rejects what is not registered yet when the registry is closed (drainMs: %s) [LIFE-1]',
  async (drainMs) => {
    await withVirtualRegistry({}, async ({ registry, pass, cut }) => {
      cut();
      await pass(10_000);
      const outcome = outcomeOf(registry.register(url));
      await pass(10);
      const closed = registry.close({ drainMs });
      await pass(10_000);
      await closed;
      expect(outcome()).toBe('CLOSED');
    });
  },
);

test('has what is not registered yet only remembered when the registry goes offline', async () => {
  await withVirtualRegistry({}, async ({ registry, pass, cut }) => {
    cut();
    await pass(10_000);
    const outcome = outcomeOf(registry.register(url));
    await pass(10);
    void registry.offline();
    await pass(10);
    expect([outcome(), registry.registered().map(String)]).toEqual(['done', [url]]);
  });
});

test.each([0, 100])(
  'rejects what comes online again when the registry is closed (drainMs: %s) [LIFE-1]',
  async (drainMs) => {
    await withVirtualRegistry({}, async (virtual) => {
      const { registry, pass, cut } = virtual;
      await registered(virtual);
      void registry.offline();
      await pass(1_000);
      cut();
      await pass(10_000);
      const outcome = outcomeOf(registry.online());
      await pass(10);
      const closed = registry.close({ drainMs });
      await pass(10_000);
      await closed;
      expect(outcome()).toBe('CLOSED');
    });
  },
);
