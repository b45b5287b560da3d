/**
 * The relay of @statelyai/inspect, kept to this machine: by itself it listens on all interfaces and lets any web page
 * read along. Also tells when somebody begins to look, because the relay repeats only the last 200 messages to those.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketInspector } from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';

export interface StatelyServer {
  /** What to open in a browser. */
  readonly url: string;
  readonly address: string;
  readonly inspector: ReturnType<typeof createWebSocketInspector>;
  stop(): Promise<void>;
}

/** More than a story of a minute; they wait while the inspector connects. */
const deferredMax = 10_000;

/** Resolves when the relay is there and the inspector is connected to it. */
export async function startStatelyServer(port: number, onViewer: () => void): Promise<StatelyServer> {
  const [relay, server] = onLoopback(() => createInspectorServer({ port, autoOpen: false }));
  await once(server, 'listening');
  let connections = 0;
  server.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (isForeign(request, port)) {
      socket.destroy();
      return;
    }
    connections += 1;
    // The first one is our own inspector; the others get what the relay has, and then what we tell them.
    if (connections > 1) setImmediate(onViewer);
  });
  const connected = once(server, 'upgrade');
  const inspector = createWebSocketInspector({
    url: `ws://127.0.0.1:${port}`,
    maxDeferredEvents: deferredMax,
  });
  await connected;
  const address = server.address();
  return {
    url: `http://localhost:${port}/`,
    address: typeof address === 'object' ? (address?.address ?? '') : '',
    inspector,
    stop: async () => {
      inspector.stop();
      const closed = once(server, 'close');
      relay.stop();
      await closed;
    },
  };
}

/** Runs `start`, in which one server begins to listen, so that it listens on 127.0.0.1. */
function onLoopback<Started>(start: () => Started): readonly [Started, Server] {
  const servers: Server[] = [];
  const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server;
  Server.prototype.listen = function (this: Server, port: number, listening: () => void) {
    servers.push(this);
    return Reflect.apply(listen, this, [port, '127.0.0.1', listening]);
  } as typeof Server.prototype.listen;
  try {
    const started = start();
    const [server] = servers;
    if (server === undefined) throw new Error('@statelyai/inspect has started no server');
    return [started, server];
  } finally {
    Server.prototype.listen = listen as typeof Server.prototype.listen;
  }
}

function isForeign({ headers }: IncomingMessage, port: number): boolean {
  const own = [`localhost:${port}`, `127.0.0.1:${port}`];
  const { host = '', origin } = headers;
  return (
    !own.includes(host) || (origin !== undefined && !own.map((each) => `http://${each}`).includes(origin))
  );
}
