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
  // Its port is another each time, so there is nothing to remember.
  return { address: `etcd3://${etcd.endpoint}?file=false`, stop: () => etcd.stop() };
}
