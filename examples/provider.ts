/** Provides a service over HTTP until it is told to end: `tsx examples/provider.ts [port]`. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRegistry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

const server = createServer((_request, response) => response.end('one order\n'));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const etcd = await findEtcd();
const registry = await createRegistry(etcd.address);
await registry.register({
  protocol: 'http',
  host: '127.0.0.1',
  port,
  service: 'com.acme.Orders',
  version: '1.0.0',
  metadata: { zone: 'a' },
});
console.log(`providing on ${port}`);

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await registry.close();
await etcd.stop();
server.close();
console.log('gone');
