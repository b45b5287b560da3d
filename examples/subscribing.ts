/** Every way to ask who provides a service, one after the other: what docs/subscribing.md shows. `tsx examples/subscribing.ts` */
import { createRegistry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

const etcd = await findEtcd();
const registry = await createRegistry(etcd.address);
await registry.register({
  host: '10.0.0.1',
  port: 20880,
  service: 'com.acme.Stock',
  version: '1.0.0',
  metadata: { zone: 'a' },
});

// #region listener
const subscription = await registry.subscribe(
  'consumer://10.0.0.9/com.acme.Stock?version=1.0.0&category=routers,providers',
  (urls, { category, revision }) => {
    const found = urls.map(({ protocol, address }) => `${protocol} ${address}`);
    console.log(`${category} at ${revision}: ${found.join(', ')}`);
  },
);
console.log('told of every category');
await subscription.close();
// #endregion listener

// #region iterator
const views = registry.watch({ service: 'com.acme.Stock', version: '1.0.0' });
for await (const { urls, added, removed, stale } of views) {
  console.log(`${urls.length} now, ${added.length} came, ${removed.length} went, ${stale?.reason ?? 'live'}`);
  break;
}
// #endregion iterator

// #region once
const urls = await registry.lookup('consumer://10.0.0.9/com.acme.Stock?version=1.0.0');
const instances = await registry.instances('com.acme.Stock');
const places = instances.map(({ host, port, metadata }) => `${host}:${port} in ${metadata['zone']}`);
console.log(`${urls.length}: ${places.join(', ')}`);
// #endregion once

// #region all
const services = new Set<string>();
await registry.subscribe('admin://10.0.0.9?interface=*&group=*&version=*', (_urls, { service }) => {
  services.add(service);
});
console.log(`services: ${[...services].join(' ')}`);
// #endregion all

// #region explain
const { summary, mismatching } = await registry.explain({ service: 'com.acme.Stock', version: '2.0.0' });
console.log(summary);
for (const { url, differences } of mismatching) console.log(url, differences);
// #endregion explain

await registry.close();
await etcd.stop();
