/**
 * Leaves without failing a call: withdraws first, gives consumers time to notice, lets running calls finish, ends.
 * `tsx examples/graceful-shutdown.ts`, then Ctrl-C.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeOnSignals, createRegistry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

const server = createServer((_request, response) => {
  response.setHeader('connection', 'close');
  setTimeout(() => response.end('done\n'), 300);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const etcd = await findEtcd();
const registry = await createRegistry(etcd.address);
await registry.register({ protocol: 'http', host: '127.0.0.1', port, service: 'com.acme.Reports' });
// #region signals
closeOnSignals(registry, {
  drainMs: 200,
  before: async () => {
    server.close();
    await once(server, 'close');
    await etcd.stop();
    console.log('all calls are answered');
  },
});
// #endregion signals
console.log(`providing on ${port}`);
