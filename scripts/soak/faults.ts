/** What happens to etcd and the way to it in a soak: one fault after the other, drawn from a seed. Each ends healed. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Witness } from '../../test/faults/support/witness.js';
import type { ControlClient } from '../../test/support/control-client.js';
import type { Direction, TcpProxy } from '../../test/support/proxy.js';
import type { RealEtcd } from '../../test/support/real-etcd.js';
import type { Dice } from '../differential/dice.js';
import type { Company } from './company.js';

export interface Scene {
  readonly etcd: RealEtcd;
  readonly proxy: TcpProxy;
  readonly control: ControlClient;
  readonly witness: Witness;
  readonly company: Company;
  readonly dice: Dice;
}

type Fault = (scene: Scene) => Promise<void>;

const directions: readonly (Direction | 'both')[] = ['up', 'down', 'both'];

/** By name, as often as it should come. */
const faults: readonly (readonly [name: string, fault: Fault])[] = [
  ['reset', async ({ proxy }) => proxy.resetAll()],
  ['flap', flap],
  ['refuse', refuse],
  ['black hole', blackHole],
  ['black hole', blackHole],
  ['delay', delay],
  [
    'cut',
    async ({ proxy, dice }) =>
      void proxy.cutAfter(dice.pick(['up', 'down'] as const), 1 + dice.integer(0, 50_000)),
  ],
  ['freeze', freeze],
  ['kill', kill],
  ['terminate', terminate],
  ['compact', compact],
  ['revoke', revoke],
  ['delete our keys', deleteOurs],
  ['wipe', wipe],
];

/** Lets one fault happen and resolves, when it is over, with its name. */
export async function strike(scene: Scene): Promise<string> {
  const [name, fault] = scene.dice.pick(faults);
  await fault(scene);
  scene.proxy.heal();
  return name;
}

async function flap({ proxy, dice }: Scene): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    proxy.resetAll();
    await pause(50 + dice.integer(0, 350));
  }
}

async function refuse({ proxy, dice }: Scene): Promise<void> {
  proxy.stopAccepting();
  proxy.resetAll();
  await pause(100 + dice.integer(0, 4_000));
  await proxy.startAccepting();
}

async function blackHole({ proxy, dice }: Scene): Promise<void> {
  proxy.blackHole(dice.pick(directions));
  await pause(200 + dice.integer(0, 8_000));
}

async function delay({ proxy, dice }: Scene): Promise<void> {
  proxy.delay(dice.pick(directions), 1 + dice.integer(0, 200));
  await pause(1_000 + dice.integer(0, 2_000));
}

async function freeze({ etcd, dice }: Scene): Promise<void> {
  await etcd.freeze();
  await pause(200 + dice.integer(0, 7_500));
  etcd.thaw();
}

async function kill({ etcd, dice }: Scene): Promise<void> {
  await etcd.kill();
  await pause(dice.integer(0, 2_000));
  await etcd.restart();
}

async function terminate({ etcd }: Scene): Promise<void> {
  await etcd.terminate();
  await etcd.restart();
}

async function compact({ etcd, control, witness, proxy, dice }: Scene): Promise<void> {
  if (dice.chance(0.5)) proxy.resetAll();
  await witness.caughtUp(control);
  await etcd.compact(String(witness.history.current.head));
}

async function revoke({ control, company }: Scene): Promise<void> {
  const { leaseId, state } = company.provider.registry.status().lease;
  if (state === 'alive' && leaseId !== null) await control.revokeLease(leaseId).catch(() => {});
}

async function deleteOurs({ control, company, dice }: Scene): Promise<void> {
  const [entry] = company.provider.registry.status().registrations.slice(dice.integer(0, 150));
  if (entry !== undefined) await control.delete(entry.key);
}

/** The witness has to see the old history to its end, so nobody may write while it is replaced. */
async function wipe({ etcd, control, witness, proxy, company }: Scene): Promise<void> {
  company.strangers.isPaused = true;
  proxy.stopAccepting();
  proxy.resetAll();
  await pause(100);
  await witness.caughtUp(control);
  await etcd.kill();
  etcd.wipe();
  witness.startEpoch();
  company.strangers.believed.clear();
  company.provider.withdrawn.clear();
  await etcd.restart();
  await proxy.startAccepting();
  company.strangers.isPaused = false;
}
