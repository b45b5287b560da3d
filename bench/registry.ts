/**
 * What registering, recovering, listing, following and reconnecting cost, as multiples of a floor that does the bare
 * calls on the same etcd in the same minute. Run with `npm run bench`. The ratios hold on any machine, within noise.
 */
import { createRegistry, type Registry } from 'leasehold';
import { connectControl } from '../test/support/control-client.js';
import { eventually } from '../test/support/eventually.js';
import { startProxy } from '../test/support/proxy.js';
import { startEtcd } from '../test/support/real-etcd.js';
import { Floor } from './floor.js';
import { HalfOpenWay } from './half-open.js';

const rounds = 5;
const count = 10_000;
const service = 'com.acme.orders.api.OrderQueryService';
const prefix = `/dubbo/${service}/providers/`;

/** A provider URL as Dubbo 2.7 registers it; about 417 bytes as a key. */
function providerUrl(serial: number): string {
  return (
    `dubbo://10.20.${(serial >> 8) & 255}.${serial & 255}:20880/${service}?anyhost=true&application=order-center` +
    `&dubbo=2.0.2&dynamic=true&generic=false&interface=${service}&methods=findById,findAll&pid=4711&release=2.7.1` +
    '&side=provider&version=1.0.0&timestamp=1552276800000'
  );
}

const urls = Array.from({ length: count }, (_, serial) => providerUrl(serial));
const keys = urls.map((url) => prefix + encodeURIComponent(url));
const consumer = `consumer://10.20.0.9/${service}?version=1.0.0&side=consumer`;

const etcd = await startEtcd();
const address = etcd.endpoint.replace('http://', '');
const control = connectControl(etcd.endpoint);
const floor = new Floor(etcd.endpoint);

async function msOf(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function print(id: string, what: string, ratio: number, target: string): void {
  console.log(`${id.padEnd(4)} ${ratio.toFixed(2).padStart(6)} times the floor (target ${target}): ${what}`);
}

async function withRegistry<T>(act: (registry: Registry) => Promise<T>, at = address): Promise<T> {
  const registry = await createRegistry({ address: at, timeoutMs: 60_000 });
  try {
    return await act(registry);
  } finally {
    await registry.close();
  }
}

/** P1: 10,000 register calls in one turn, until all are acknowledged. P2: until all are back after a revocation. */
async function registering(): Promise<void> {
  const [bare, ours, bareRecovery, recovery, afterNotice]: number[][] = [[], [], [], [], []];
  let transactions = 0;
  for (let round = 0; round <= rounds; round += 1) {
    let lease = '';
    const bareMs = await msOf(async () => {
      lease = await floor.register(keys);
    });
    const bareRecoveryMs = await msOf(() => recoverBare(lease));
    const outcome = await withRegistry(recoverRegistry);
    // The first round warms up.
    if (round === 0) continue;
    bare?.push(bareMs);
    bareRecovery?.push(bareRecoveryMs);
    ours?.push(outcome.registeredMs);
    recovery?.push(outcome.recoveredMs);
    afterNotice?.push(outcome.afterNoticeMs);
    transactions = outcome.transactions;
  }
  const [floorMs, floorRecoveryMs] = [median(bare ?? []), median(bareRecovery ?? [])];
  print('P1', `register ${count}, in ${transactions} transactions`, median(ours ?? []) / floorMs, '2');
  print('P2', `have ${count} back after a revocation`, median(recovery ?? []) / floorRecoveryMs, '1.5');
  print(
    'P2',
    'the same, from the moment the loss is noticed',
    median(afterNotice ?? []) / floorRecoveryMs,
    '1.5',
  );
}

async function recoverBare(lease: string): Promise<void> {
  let deleted = 0;
  let stop = (): void => {};
  await new Promise<void>((resolve) => {
    void floor
      .watch(prefix, (events) => {
        deleted += events.length;
        if (deleted >= count) resolve();
      })
      .then((close) => {
        stop = close;
        return floor.revoke(lease);
      });
  });
  stop();
  await floor.revoke(await floor.register(keys));
}

interface Recovery {
  readonly registeredMs: number;
  readonly recoveredMs: number;
  readonly afterNoticeMs: number;
  readonly transactions: number;
}

async function recoverRegistry(registry: Registry): Promise<Recovery> {
  let transactions = 0;
  let written = 0;
  let noticed = 0;
  let allBack = (): void => {};
  registry.on('registration', (event) => {
    transactions += 1;
    written += event.keys.length;
    if (written === 2 * count) allBack();
  });
  const registeredMs = await msOf(() => Promise.all(urls.map((url) => registry.register(url))));
  const transactionsMade = transactions;
  registry.on('lease', ({ state }) => {
    if (state === 'expired') noticed = performance.now();
  });
  const recoveredMs = await msOf(async () => {
    const back = new Promise<void>((resolve) => {
      allBack = resolve;
    });
    await control.revokeLease(registry.status().lease.leaseId ?? '');
    await back;
  });
  return {
    registeredMs,
    recoveredMs,
    afterNoticeMs: performance.now() - noticed,
    transactions: transactionsMade,
  };
}

/** P3: from subscribe to the first call with 10,000 providers. P4: from a put to the listener, in a view of 10,000. */
async function following(): Promise<void> {
  const lease = await floor.register(keys);
  const [bare, ours]: number[][] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const bareMs = await msOf(() => floor.snapshot(prefix));
    const oursMs = await withRegistry((registry) => msOf(() => registry.subscribe(consumer, () => {})));
    if (round === 0) continue;
    bare?.push(bareMs);
    ours?.push(oursMs);
  }
  print('P3', `first view of ${count}`, median(ours ?? []) / median(bare ?? []), '1.5');
  await withRegistry(latency);
  await floor.revoke(lease);
}

async function latency(registry: Registry): Promise<void> {
  const [bare, ours]: [number[], number[]] = [[], []];
  let sentAt = 0;
  let heard = (): void => {};
  await registry.subscribe(consumer, () => {
    if (sentAt === 0) return;
    ours.push(performance.now() - sentAt);
    heard();
  });
  const stop = await floor.watch(prefix, () => bare.push(performance.now() - sentAt));
  const extra = prefix + encodeURIComponent(providerUrl(90_000));
  for (let turn = 0; turn < 200; turn += 1) {
    // Beyond the window of the change before, whose end it would wait for.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    sentAt = performance.now();
    await (turn % 2 === 0 ? control.put(extra, '1') : control.delete(extra));
    await told;
  }
  stop();
  const [p50, p99] = [quantile(ours, 0.5) / quantile(bare, 0.5), quantile(ours, 0.99) / quantile(bare, 0.99)];
  print('P4', 'event to listener, p50', p50, '+0.5 ms');
  print('P4', 'event to listener, p99', p99, '1.5');
}

/** P8: one register call of an idle registry. */
async function registeringOne(): Promise<void> {
  const [bare, ours]: [number[], number[]] = [[], []];
  const lease = await floor.register([]);
  await withRegistry(async (registry) => {
    await registry.register(urls[0] ?? '');
    for (let turn = 1; turn <= 300; turn += 1) {
      bare.push(await msOf(() => floor.write(`/bench/${turn}`, lease)));
      ours.push(await msOf(() => registry.register(urls[turn] ?? '')));
    }
  });
  await floor.revoke(lease);
  print('P8', 'register one URL, p50', median(ours) / median(bare), '1.3');
}

/** P11: from the moment etcd can be reached again until it is connected, live, and has written. */
async function reconnecting(): Promise<void> {
  const [bare, closed]: [number[], number[]] = [[], []];
  const proxy = await startProxy(etcd.endpoint);
  await withRegistry(
    async (registry) => {
      await registry.register(urls[0] ?? '');
      await registry.subscribe(consumer, () => {});
      for (let round = 0; round < 15; round += 1) {
        proxy.stopAccepting();
        proxy.resetAll();
        await eventually(() => requireThat(registry.status().connection.attempts > 4));
        await proxy.startAccepting();
        closed.push(await msOf(() => healthy(registry, round)));
        bare.push(await msOf(fresh));
      }
    },
    proxy.endpoint.replace('http://', ''),
  );
  proxy.close();
  const floorMs = median(bare);
  const p50 = median(closed);
  print(
    'P11',
    `healthy again, connections closed, p50 (${(p50 / 1_200).toFixed(2)} of the bound)`,
    p50 / floorMs,
    '1.2 s',
  );
  const way = await HalfOpenWay.open(etcd.endpoint);
  const halfOpen: number[] = [];
  await withRegistry(async (registry) => {
    await registry.register(urls[0] ?? '');
    await registry.subscribe(consumer, () => {});
    for (let round = 0; round < 3; round += 1) {
      const { epoch } = registry.status().connection;
      way.die();
      halfOpen.push(
        await msOf(async () => {
          await eventually(() => requireThat(registry.status().connection.epoch > epoch), 60_000);
          await healthy(registry, round);
        }),
      );
    }
  }, way.address);
  way.close();
  const worst = Math.max(...halfOpen);
  const pings = 7_000;
  print(
    'P11',
    `healthy again, half-open, worst (${(worst / 8_500).toFixed(2)} of the bound; floor: pings)`,
    worst / pings,
    '8.5 s',
  );
}

async function healthy(registry: Registry, round: number): Promise<void> {
  const url = `${urls[0]}&round=${round}&check=false`;
  await registry.register(url);
  await eventually(() => {
    const { watchers, registrations, connection } = registry.status();
    requireThat(connection.state === 'connected' && watchers.every(({ isLive }) => isLive));
    requireThat(registrations.every(({ state }) => state === 'written'));
  });
  await registry.unregister(url);
}

/** What has to be done at least: connect, read, open a watch, renew nothing, write once. */
async function fresh(): Promise<void> {
  const client = new Floor(etcd.endpoint);
  await client.read('/leasehold/sentinel');
  const stop = await client.watch(prefix, () => {});
  await client.write('/bench/fresh', '0');
  stop();
  client.close();
}

function requireThat(isSo: boolean): void {
  if (!isSo) throw new Error('not yet');
}

await registering();
await following();
await registeringOne();
await reconnecting();
floor.close();
control.close();
await etcd.stop();
