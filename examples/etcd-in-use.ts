/** Where the examples find etcd: at `LEASEHOLD_ADDRESS`, or in the memory of the example itself. */
import { startMemoryEtcd } from 'leasehold/testing';

export interface EtcdInUse {
  readonly address: string;
  /** Stops the one in memory; leaves another alone. */
  stop(): Promise<void>;
}

export async function findEtcd(): Promise<EtcdInUse> {
  const given = process.env['LEASEHOLD_ADDRESS'];
  if (given !== undefined && given !== '') return { address: given, stop: async () => {} };
  const etcd = await startMemoryEtcd();
  console.log(`etcd in memory: LEASEHOLD_ADDRESS=${etcd.endpoint}`);
  return { address: etcd.endpoint, stop: () => etcd.stop() };
}
