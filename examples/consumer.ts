/** Prints who provides a service, again after every change: `tsx examples/consumer.ts`. */
import { createRegistry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

const etcd = await findEtcd();
const registry = await createRegistry(etcd.address);
const abort = new AbortController();
process.once('SIGTERM', () => abort.abort());
process.once('SIGINT', () => abort.abort());

for await (const { urls, added, removed, stale } of registry.watch('com.acme.Orders', {
  signal: abort.signal,
})) {
  const addresses = urls.map(({ address }) => address).join(' ');
  const age = stale === undefined ? '' : ` (as of ${new Date(stale.since).toISOString()}: ${stale.reason})`;
  console.log(`+${added.length} -${removed.length}: ${addresses || 'nobody'}${age}`);
}
await registry.close();
await etcd.stop();
console.log('gone');
