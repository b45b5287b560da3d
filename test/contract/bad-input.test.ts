/** Each bad input gets a RegistryError with a code and a sentence that says what to do, and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry, isRegistryError, type Registry, type RegistryErrorCode } from '../../src/index.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { freePort } from '../support/free-port.js';
import { describeOnEtcd } from '../support/on-etcd.js';

async function rejection(attempt: Promise<unknown>, code: RegistryErrorCode): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(isRegistryError(error) && error.code).toBe(code);
  return (error as Error).message;
}

test('rejects an address where nobody answers within the timeout [LIFE-2]', async () => {
  const port = await freePort();
  const message = await rejection(
    createRegistry({ address: `127.0.0.1:${port}`, timeoutMs: 300 }),
    'UNREACHABLE',
  );
  expect(message).toContain(`127.0.0.1:${port}`);
  expect(message).toContain('check that etcd runs');
});

test('starts without etcd when told not to check [LIFE-2]', async () => {
  const registry = await createRegistry({
    address: `127.0.0.1:${await freePort()}`,
    check: false,
    timeoutMs: 300,
  });
  expect(registry.status().state).toBe('starting');
  const message = await rejection(registry.register('dubbo://10.0.0.1:20880/com.acme.Orders'), 'UNREACHABLE');
  expect(message).toContain('cannot register dubbo://10.0.0.1:20880/com.acme.Orders');
  await registry.register('dubbo://10.0.0.2:20880/com.acme.Orders?check=false');
  expect(registry.status().registrations.map(({ state }) => state)).toEqual(['pending']);
  await registry.close();
});

test.each(['etcd3://0.0.0.0:2379', 'etcd3://10.0.0.1:2379?anyhost=true', ''])(
  'refuses the address "%s"',
  async (address) => {
    expect(await rejection(createRegistry(address), 'INVALID_ADDRESS')).toContain('write etcd3://host:2379');
  },
);

test.each([
  [{ requestTimeoutMs: 1_000, sessionMs: 2_000 }, 'requestTimeoutMs'],
  [{ timeoutMs: -1 }, 'timeoutMs'],
  [{ metaRoot: '/dubbo/meta' }, 'metaRoot'],
])('refuses options that contradict each other: %o', async (options, name) => {
  const message = await rejection(createRegistry('127.0.0.1:2379', options), 'INVALID_OPTION');
  expect(message).toContain(`'${name}'`);
});

function badInputs(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;

  beforeAll(async () => {
    etcd = await start();
    registry = await createRegistry(etcd.endpoint);
  });

  afterAll(async () => {
    await registry.close();
    await etcd.stop();
  });

  test('refuses a malformed URL and says what is wrong with it', async () => {
    expect(await rejection(registry.register('dubbo://host:abc/com.acme.Orders'), 'INVALID_URL')).toContain(
      'abc',
    );
    await rejection(registry.register(''), 'INVALID_URL');
    await rejection(registry.register('dubbo://10.0.0.1:20880'), 'INVALID_URL');
    await rejection(
      registry.subscribe('://nowhere', () => {}),
      'INVALID_URL',
    );
    expect(registry.status().registrations).toEqual([]);
  });

  test('refuses a URL over the size limit of etcd alone, and writes its neighbours [REG-5]', async () => {
    const large = `dubbo://10.0.0.1:20880/com.acme.Large?note=${'x'.repeat(1_600_000)}`;
    const [refused, ...written] = await Promise.allSettled([
      registry.register(large),
      registry.register('dubbo://10.0.0.1:20880/com.acme.Small'),
      registry.register('dubbo://10.0.0.2:20880/com.acme.Small'),
    ]);
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'TOO_LARGE' } });
    expect(await etcd.control.list('/dubbo/com.acme.Small/providers/')).toHaveLength(2);
    expect(registry.status().registrations).toHaveLength(2);
  });

  test('refuses every call after close, and closing again is fine [LIFE-1]', async () => {
    const closed = await createRegistry(etcd.endpoint);
    const registration = await closed.register('dubbo://10.0.0.7:20880/com.acme.Orders');
    await closed.close();
    await closed.close();
    expect(await rejection(closed.register('dubbo://10.0.0.1:20880/a.B'), 'CLOSED')).toContain(
      'create a new registry',
    );
    await rejection(
      closed.subscribe('consumer://10.0.0.1/a.B', () => {}),
      'CLOSED',
    );
    await rejection(closed.unregister('dubbo://10.0.0.1:20880/a.B'), 'CLOSED');
    await registration.close();
    expect(await etcd.control.list('/dubbo/com.acme.Orders/')).toEqual([]);
  });

  test('gives up a call whose signal is aborted, and undoes what it began', async () => {
    const signal = AbortSignal.abort();
    await rejection(registry.register('dubbo://10.0.0.1:20880/a.B', { signal }), 'ABORTED');
    await rejection(
      registry.subscribe('consumer://10.0.0.1/a.B', () => {}, { signal }),
      'ABORTED',
    );
    await rejection(createRegistry({ address: etcd.endpoint, signal }), 'ABORTED');
    expect(registry.status().subscriptions).toEqual([]);
    expect(await etcd.control.list('/dubbo/a.B/')).toEqual([]);
  });
}

describe('bad input on the in-memory etcd', () => badInputs(memoryEtcdUnderTest));
describeOnEtcd('bad input on a real etcd', () => badInputs(realEtcdUnderTest));
