/** Ports for servers that are stopped and started again on the same one. */
import { createServer } from 'node:net';

/**
 * Finds a port on 127.0.0.1 that nobody listens on now. It lies below the range the kernel gives to outgoing
 * connections: a client that keeps trying a port of that range while its server is down can be given the very
 * same port as its own, and is then connected to itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port found between 10000 and 30000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => answer(true)));
  });
}
