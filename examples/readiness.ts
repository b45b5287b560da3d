/**
 * Tells an orchestrator whether traffic may come: `GET /ready` is 200 while everything is registered, else 503 with the
 * reason. An etcd that is away does not make a registered service unready: its key stands, and so do its lists.
 */
import { once } from 'node:events';
import Fastify from 'fastify';
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
const app = Fastify();
app.get('/ready', (_request, reply) => {
  const answer = readiness(registry);
  return reply.code(answer.code).send(answer);
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`ready or not: ${address}/ready`);

await registry.register(`${address}/com.acme.Carts?check=false`);

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await registry.close();
await etcd.stop();
await app.close();
