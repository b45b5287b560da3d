/** The story that the demo tells: two providers and a consumer on one etcd, which goes away and comes back. */
import { setTimeout as pause } from 'node:timers/promises';
import { createRegistry, type Registry } from 'leasehold';
import { startMemoryEtcd } from 'leasehold/testing';
import { follow, narrate, say, showStaleness, showView } from './stage.js';

const service = 'com.acme.Orders';
const recoveryMsMax = 10_000;

/** An etcd on stage: where it is, and how it is taken away and brought back. */
export interface Prop {
  readonly endpoint: string;
  takeAway(): Promise<void> | void;
  bringBack(): Promise<void> | void;
  /** Loses all data while it is away; only what is ours to lose. */
  wipe?(): void;
  close(): Promise<void> | void;
}

/** An etcd in the memory of this process. */
export async function memoryProp(): Promise<Prop> {
  const etcd = await startMemoryEtcd();
  say(
    'etcd',
    `in memory, on ${etcd.endpoint}; look inside with: etcdctl --endpoints=${etcd.endpoint} get --prefix /`,
  );
  return {
    endpoint: etcd.endpoint,
    takeAway: () => etcd.crash(),
    bringBack: () => etcd.restart(),
    wipe: () => etcd.wipe(),
    close: () => etcd.stop(),
  };
}

function urlOf(host: string): string {
  return `dubbo://${host}:20880/${service}?version=1.0.0`;
}

async function open(who: string, endpoint: string): Promise<Registry> {
  const registry = await createRegistry(`etcd3://${endpoint}?group=leasehold-demo&session=6000&file=false`);
  follow(who, registry);
  return registry;
}

/** Resolves when the consumer sees exactly these hosts, live; rejects when that takes too long. */
async function expectView(
  consumer: Registry,
  seen: () => readonly string[],
  hosts: readonly string[],
): Promise<void> {
  const deadline = performance.now() + recoveryMsMax;
  const wanted = hosts.map((host) => `${host}:20880`).join();
  for (;;) {
    const isLive = consumer.status().watchers.every((watcher) => watcher.isLive);
    if (isLive && [...seen()].sort().join() === wanted) return;
    if (performance.now() > deadline)
      throw new Error(`expected ${wanted}, but the consumer sees ${seen().join()}`);
    await pause(20);
  }
}

/**
 * Plays it, and rejects when somebody is wrong in the end. `attend` is called once everybody is on stage, and may keep
 * them waiting.
 */
export async function play(
  prop: Prop,
  attend: (registries: readonly Registry[]) => Promise<void> | void = () => {},
): Promise<void> {
  narrate('Two providers register, and a consumer asks who provides.');
  const [provider1, provider2] = [
    await open('provider-1', prop.endpoint),
    await open('provider-2', prop.endpoint),
  ];
  const consumer = await open('consumer', prop.endpoint);
  try {
    await attend([provider1, provider2, consumer]);
    await provider1.register(urlOf('10.0.0.1'));
    const leaving = await provider2.register(urlOf('10.0.0.2'));
    let seen: readonly string[] = [];
    await consumer.subscribe(`consumer://10.0.0.9/${service}?version=1.0.0`, (urls, info) => {
      seen = urls.flatMap(({ protocol, address }) => (protocol === 'empty' ? [] : [address ?? '']));
      showView('consumer', urls, info);
    });
    await expectView(consumer, () => seen, ['10.0.0.1', '10.0.0.2']);

    await pause(1_000);
    narrate('etcd goes away. Nobody is forgotten, but nobody is sure any more.');
    await prop.takeAway();
    await pause(2_000);
    showStaleness('consumer', consumer.status());

    narrate('While it is away, provider-2 leaves, and a third address is registered.');
    const gone = leaving.close().then(() => say('provider-2', '10.0.0.2 is withdrawn'));
    await provider1.register(`${urlOf('10.0.0.3')}&check=false`);
    say('provider-1', '10.0.0.3 is accepted, and will be written when etcd is back');
    await pause(1_000);

    narrate('etcd comes back. Watch everybody become right again.');
    await prop.bringBack();
    await expectView(consumer, () => seen, ['10.0.0.1', '10.0.0.3']);
    await gone;
    showStaleness('consumer', consumer.status());

    if (prop.wipe !== undefined) {
      await pause(1_000);
      narrate('etcd goes away again, and loses all its data. The consumer is not told that nobody is left.');
      await prop.takeAway();
      prop.wipe();
      await pause(500);
      await prop.bringBack();
      await expectView(consumer, () => seen, ['10.0.0.1', '10.0.0.3']);
      showStaleness('consumer', consumer.status());
    }

    narrate('Everybody goes home, and etcd is left clean.');
    await Promise.all([provider1.close(), provider2.close()]);
    await expectView(consumer, () => seen, []);
  } finally {
    await Promise.all([provider1.close(), provider2.close(), consumer.close()]);
  }
}
