/**
 * One registry in the simulated surroundings of the simulation, for tests that need days in seconds: the adapters are the
 * real ones, etcd is the in-memory core, and time passes only when it is told to.
 */
import { connectEtcd } from '../../src/etcd/ports.js';
import { createRegistryIn, type Registry } from '../../src/registry.js';
import { diceFor } from '../simulation/chance.js';
import { Link } from '../simulation/network.js';
import { SimEtcd } from '../simulation/sim-etcd.js';
import { SimTransport } from '../simulation/sim-transport.js';
import { VirtualClock } from '../simulation/virtual-clock.js';
import { onVirtualHost } from '../simulation/virtual-host.js';
import { Witness } from '../simulation/witness.js';

export interface StillWorld {
  readonly clock: VirtualClock;
  readonly etcd: SimEtcd;
  readonly registry: Registry;
  /** How often what was asked of etcd, by method; `dial` is an attempt to connect. */
  readonly asked: Readonly<Record<string, number>>;
  /** Lets time pass, timer by timer. Calls of the registry are answered in it, so do not wait for them before. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Turns of the microtask queue after each timer; the longest chain of promises in the registry is shorter. */
const turnsPerStep = 12;

/** Runs `body` while the host's time stands still. The registry is closed afterwards. */
export function inStillWorld(body: (world: StillWorld) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const dice = diceFor(1, 'still world');
  return onVirtualHost(
    clock,
    () => dice.next(),
    async () => {
      const world = await opened(clock);
      try {
        await body(world);
      } finally {
        const closed = world.registry.close();
        await world.pass(10_000);
        await closed;
      }
    },
  );
}

async function opened(clock: VirtualClock): Promise<StillWorld> {
  const etcd = new SimEtcd(clock, diceFor(1, 'etcd'), new Witness(() => {}));
  const link = new Link(clock, diceFor(1, 'network'), etcd);
  const asked: Record<string, number> = {};
  const tap = {
    asked: (method: string): void => {
      asked[method] = (asked[method] ?? 0) + 1;
    },
    settled: () => {},
    opened: () => {},
    renewed: () => {},
  };
  const dice = diceFor(1, 'jitter');
  const transport = (): ReturnType<typeof SimTransport.open> =>
    SimTransport.open({ clock, etcd, link, author: 'us', tap });
  const world = {
    clock,
    random: () => dice.next(),
    connect: (settings: Parameters<typeof connectEtcd>[0]) => connectEtcd(settings, transport),
  };
  const pass = async (ms: number): Promise<void> => {
    await settled();
    const untilMs = clock.nowMs + ms;
    for (let run = clock.next(untilMs); run !== undefined; run = clock.next(untilMs)) {
      run();
      await settled();
    }
  };
  const creating = createRegistryIn(world, 'etcd3://etcd:2379', { check: false, sessionMs: 15_000 });
  await pass(1_000);
  return { clock, etcd, registry: await creating, asked, pass };
}

const turn = Promise.resolve();

async function settled(): Promise<void> {
  for (let left = turnsPerStep; left > 0; left--) await turn;
}
