/**
 * Tells an orchestrator whether traffic may come: `GET /ready` is 200 while everything is registered, else 503 with the
 * reason. An etcd that is away does not make a registered service unready: its key stands, and so do its lists. In
 * Fastify: `app.get('/ready', (_request, reply) => reply.code(readiness(registry).code).send(readiness(registry)))`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRegistry, type Registry } from 'leasehold';
import { findEtcd } from './etcd-in-use.js';

interface Readiness {
  readonly code: 200 | 503;
  readonly etcd: string;
  readonly waitingFor: readonly string[];
}

function readiness(registry: Registry): Readiness {
  const { state, connection, registrations } = registry.status();
  const waitingFor = registrations
    .filter((registration) => registration.state !== 'written')
    .map(({ key, lastError }) => `${key}: ${lastError?.message ?? 'not written yet'}`);
  const isReady = state === 'running' && registrations.length > 0 && waitingFor.length === 0;
  return { code: isReady ? 200 : 503, etcd: connection.state, waitingFor };
}

const etcd = await findEtcd();
const registry = await createRegistry({ address: etcd.address, check: false });
const server = createServer((_request, response) => {
  const answer = readiness(registry);
  response.writeHead(answer.code, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
console.log(`ready or not: http://127.0.0.1:${port}/ready`);

await registry.register(`http://127.0.0.1:${port}/com.acme.Carts?check=false`);

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await registry.close();
await etcd.stop();
server.close();
