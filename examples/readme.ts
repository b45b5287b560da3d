/** The program of the README; test/readme.test.ts runs it and keeps the two equal. */
// #region readme
import { createRegistry } from 'leasehold';

const service = 'com.acme.Orders?version=1.0.0';
const registry = await createRegistry('etcd3://127.0.0.1:2379');
await registry.register(`dubbo://10.0.0.1:20880/${service}`);
await registry.subscribe(`consumer://10.0.0.2/${service}`, (urls) => {
  console.log(`now provided by: ${urls.join(' ')}`);
});
console.log(registry.status());
await registry.close();
// #endregion readme
