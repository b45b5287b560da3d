/** A test of your own, with an etcd in the test's process and anything that can happen to one. Any test runner will do. */
import { createRegistry, type Registry } from 'leasehold';
import { type MemoryEtcd, startMemoryEtcd } from 'leasehold/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What is under test: a client of the orders service that knows whom it may call. */
class Orders {
  #addresses: readonly string[] = [];

  async follow(registry: Registry): Promise<void> {
    await registry.subscribe('consumer://10.0.0.9/com.acme.Orders', (urls) => {
      this.#addresses = urls
        .filter(({ protocol }) => protocol === 'dubbo')
        .map(({ address }) => String(address));
    });
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }
}

let etcd: MemoryEtcd;
let provider: Registry;
let consumer: Registry;
let orders: Orders;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  const address = `etcd3://${etcd.endpoint}?file=false`;
  provider = await createRegistry(address);
  consumer = await createRegistry(address);
  orders = new Orders();
  await orders.follow(consumer);
});

afterEach(async () => {
  await consumer.close();
  await provider.close();
  await etcd.stop();
});

/** Waits until the client knows these addresses. */
async function knows(...addresses: readonly string[]): Promise<void> {
  await expect.poll(() => orders.addresses, { timeout: 5_000 }).toEqual(addresses);
}

test('learns of a provider that comes and of one that goes', async () => {
  const registration = await provider.register('dubbo://10.0.0.1:20880/com.acme.Orders');
  await knows('10.0.0.1:20880');
  await registration.close();
  await knows();
});

test('keeps calling while etcd is away, and learns afterwards what it missed', async () => {
  await provider.register('dubbo://10.0.0.1:20880/com.acme.Orders');
  await knows('10.0.0.1:20880');
  await etcd.crash();
  expect(orders.addresses).toEqual(['10.0.0.1:20880']);
  await etcd.restart();
  await provider.register('dubbo://10.0.0.2:20880/com.acme.Orders?check=false');
  await knows('10.0.0.1:20880', '10.0.0.2:20880');
});

test('finds the provider again after an operator ended its lease', async () => {
  await provider.register('dubbo://10.0.0.1:20880/com.acme.Orders');
  for (const { id } of etcd.leases()) etcd.expireLease(id);
  await provider.register('dubbo://10.0.0.3:20880/com.acme.Orders');
  await knows('10.0.0.1:20880', '10.0.0.3:20880');
});

test('a provider without permission is told so', async () => {
  etcd.deny('/dubbo/com.acme.Orders/providers/');
  const refused = provider.register('dubbo://10.0.0.1:20880/com.acme.Orders');
  await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});
