/** A registry on the in-memory etcd whose time is the test's: nothing happens until the test lets time pass. */
import { createRegistryIn } from '../../src/create-registry.js';
import { connectEtcd } from '../../src/etcd/ports.js';
import type { Registry, RegistryOptions } from '../../src/index.js';
import { diceFor } from '../simulation/chance.js';
import { Link } from '../simulation/network.js';
import { SimEtcd } from '../simulation/sim-etcd.js';
import { SimTransport } from '../simulation/sim-transport.js';
import { VirtualClock } from '../simulation/virtual-clock.js';
import { onVirtualHost } from '../simulation/virtual-host.js';
import { Witness } from '../simulation/witness.js';

export interface VirtualRegistry {
  readonly registry: Registry;
  /** Lets this many milliseconds pass. */
  readonly pass: (ms: number) => Promise<void>;
  /** Puts a key into etcd as somebody else. */
  readonly put: (key: string) => void;
  readonly delete: (key: string) => void;
}

/** Runs the test with a registry that is connected; without `check`, which would wait for a time that does not pass. */
export async function withVirtualRegistry(
  options: RegistryOptions,
  run: (virtual: VirtualRegistry) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock();
  const dice = diceFor(1, 'virtual registry');
  const etcd = new SimEtcd(
    clock,
    dice,
    new Witness(
      () => clock.nowMs,
      () => {},
    ),
  );
  const link = new Link(clock, dice, etcd);
  const tap = { asked: () => {}, settled: () => {}, opened: () => {}, renewed: () => {} };
  const around = { clock, etcd, link, author: 'registry', tap };
  const world = {
    clock,
    random: () => dice.next(),
    connect: (settings: Parameters<typeof connectEtcd>[0]) =>
      connectEtcd(settings, () => SimTransport.open(around)),
  };
  const pass = async (ms: number): Promise<void> => {
    const untilMs = clock.nowMs + ms;
    await turns();
    for (let step = clock.next(untilMs); step !== undefined; step = clock.next(untilMs)) {
      step();
      await turns();
    }
  };
  const bytes = (text: string): Buffer => Buffer.from(text);
  await onVirtualHost(
    clock,
    () => dice.next(),
    async () => {
      const registry = await createRegistryIn(world, 'etcd3://etcd:2379', { ...options, check: false });
      await pass(1_000);
      await run({
        registry,
        pass,
        put: (key) => etcd.serve('other', (core) => void core.put({ key: bytes(key), value: bytes('1') })),
        delete: (key) => etcd.serve('other', (core) => void core.deleteRange({ key: bytes(key) })),
      });
      const closed = registry.close();
      await pass(5_000);
      await closed;
    },
  );
}

/** Lets promises run; the longest chain of them in the registry is shorter. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
