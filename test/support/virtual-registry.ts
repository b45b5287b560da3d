/** A registry on the in-memory etcd whose time is the test's: nothing happens until the test lets time pass. */
import { createRegistryIn } from '../../src/create-registry.js';
import { connectEtcd } from '../../src/etcd/ports.js';
import type { FileStore } from '../../src/file-store.js';
import type { Registry, RegistryOptions } from '../../src/index.js';
import { type Dice, diceFor } from '../simulation/chance.js';
import { Link } from '../simulation/network.js';
import { SimEtcd } from '../simulation/sim-etcd.js';
import { SimTransport } from '../simulation/sim-transport.js';
import { VirtualClock } from '../simulation/virtual-clock.js';
import { onVirtualHost } from '../simulation/virtual-host.js';
import { Witness } from '../simulation/witness.js';

export interface VirtualRegistry {
  readonly registry: Registry;
  /** Drawn from the seed; the network has dice of its own. */
  readonly dice: Dice;
  /** Lets this many milliseconds pass. */
  readonly pass: (ms: number) => Promise<void>;
  /** Puts a key into etcd as somebody else. */
  readonly put: (key: string) => void;
  /** Takes a key over as a process with a lease of its own. */
  readonly take: (key: string) => void;
  readonly delete: (key: string) => void;
  /** The keys that etcd holds. */
  readonly keys: () => readonly string[];
  readonly compact: () => void;
  /** Breaks the link, which can be opened again at once. */
  readonly reset: () => void;
  /** Breaks the link until `heal`. */
  readonly cut: () => void;
  readonly heal: () => void;
  /** How many timers wait, how often the registry dialled, and how many requests reached etcd. */
  readonly counts: () => { readonly timers: number; readonly dials: number; readonly calls: number };
}

export interface VirtualSurroundings {
  readonly seed?: number;
  readonly files?: FileStore;
  /** The link is broken from the beginning. */
  readonly isCut?: boolean;
  /** Keys that are in etcd from the beginning. */
  readonly keys?: readonly string[];
}

/** Runs the test with a registry that is connected; without `check`, which would wait for a time that does not pass. */
export async function withVirtualRegistry(
  options: RegistryOptions,
  run: (virtual: VirtualRegistry) => Promise<void>,
  { seed = 1, files, isCut = false, keys = [] }: VirtualSurroundings = {},
): Promise<void> {
  const clock = new VirtualClock();
  const dice = diceFor(seed, 'virtual registry');
  const witness = new Witness(
    () => clock.nowMs,
    () => {},
  );
  const etcd = new SimEtcd(clock, dice, witness);
  const link = new Link(clock, dice, etcd);
  const trouble = troubleOf(etcd, link);
  const wire = { asked: () => {}, settled: () => {}, opened: () => {}, renewed: () => {} };
  const around = { clock, etcd, link, author: 'registry', wire, tampering: {} };
  const world = {
    clock,
    random: () => dice.next(),
    connect: (settings: Parameters<typeof connectEtcd>[0]) =>
      connectEtcd(settings, () => SimTransport.open(around)),
    ...(files === undefined ? {} : { files }),
  };
  const pass = async (ms: number): Promise<void> => {
    const untilMs = clock.nowMs + ms;
    await turns();
    for (let step = clock.next(untilMs); step !== undefined; step = clock.next(untilMs)) {
      step();
      await turns();
    }
  };
  for (const key of keys) trouble.put(key);
  if (isCut) trouble.cut();
  await onVirtualHost(
    clock,
    () => dice.next(),
    async () => {
      const registry = await createRegistryIn(world, 'etcd3://etcd:2379', { ...options, check: false });
      await pass(isCut ? 0 : 1_000);
      const counts = (): ReturnType<VirtualRegistry['counts']> => ({
        timers: clock.pending,
        dials: link.dialCount,
        calls: etcd.callCount,
      });
      await run({ registry, pass, counts, dice: diceFor(seed, 'test'), ...trouble });
      const closed = registry.close();
      await pass(5_000);
      await closed;
    },
  );
}

type Trouble = Omit<VirtualRegistry, 'registry' | 'pass' | 'dice' | 'counts'>;

/** What happens to etcd and on the way to it, by no doing of the registry's. */
function troubleOf(etcd: SimEtcd, link: Link): Trouble {
  let uncut = (): void => {};
  let compacted: unknown;
  const reset = (): void => link.reset();
  return {
    put: (key) => etcd.serve('other', (core) => void core.put({ key: bytes(key), value: bytes('1') })),
    take: (key) =>
      etcd.serve('other', (core) => {
        const lease = core.leaseGrant({ TTL: 1_000 }).ID;
        core.put({ key: bytes(key), value: bytes(String(lease)), lease });
      }),
    delete: (key) => etcd.serve('other', (core) => void core.deleteRange({ key: bytes(key) })),
    keys: () => etcd.core.states().map(({ key }) => key),
    compact: () =>
      etcd.serve(undefined, (core) => {
        const { revision } = core.header();
        // What is compacted already is refused.
        if (revision !== compacted) core.compact({ revision });
        compacted = revision;
      }),
    reset,
    cut: () => {
      uncut();
      uncut = link.cut();
    },
    heal: () => {
      uncut();
      uncut = () => {};
    },
  };
}

function bytes(text: string): Buffer {
  return Buffer.from(text);
}

/** Lets promises run; the longest chain of them in the registry is shorter. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
