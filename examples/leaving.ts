/** Coming and going in order, step by step: what docs/shutdown.md shows. `tsx examples/leaving.ts` */
import { createRegistry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

const etcd = await findEtcd();
const registry = await createRegistry(etcd.address);
const url = 'dubbo://10.0.0.1:20880/com.acme.Stock';
const warmUp = async (): Promise<void> => {};
const found = async (): Promise<number> =>
  (await registry.lookup('consumer://10.0.0.9/com.acme.Stock')).length;

// #region ready
await registry.register(url, { when: warmUp() });
// #endregion ready
console.log(`ready: found by ${await found()}`);

// #region maintenance
await registry.offline();
// Nobody calls us now: subscriptions go on, and what is registered meanwhile is remembered.
await registry.online();
// #endregion maintenance
console.log(`online again: found by ${await found()}`);

// #region drain
await registry.close({ drainMs: 200 });
// #endregion drain
console.log(`closed: ${registry.status().state}`);
await etcd.stop();
