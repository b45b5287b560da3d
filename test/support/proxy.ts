/**
 * A TCP proxy on 127.0.0.1 that stands between a client and etcd and misbehaves as a network does. Bytes that a
 * black hole holds are not lost: as in TCP, they arrive when it ends, unless the connection was reset meanwhile.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.js';
import { Pipe, type Weather } from './proxy-pipe.js';

/** `up` is from the client to etcd, `down` from etcd to the client. */
export type Direction = 'up' | 'down';

export interface TcpProxy extends Disposable {
  /** What clients connect to; never changes. */
  readonly endpoint: string;
  /** How many connections clients have made so far, and how many of them are open. */
  readonly connections: { readonly made: number; readonly open: number };
  /** Bytes passed on so far. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** New connections are refused; those there are stay. */
  stopAccepting(): void;
  startAccepting(): Promise<void>;
  /** Sends a TCP reset to both ends of every connection. */
  resetAll(): void;
  /** Passes nothing on, not even that one end has closed, until {@link heal}. New connections are accepted. */
  blackHole(direction: Direction | 'both'): void;
  /** Ends black holes and delays. */
  heal(): void;
  /** Passes everything on this much later, in order. */
  delay(direction: Direction | 'both', ms: number): void;
  /**
   * Passes on exactly this many more bytes in one direction, counted over all connections, then resets the
   * connection the last of them belonged to. Happens once; resolves when it has happened.
   */
  cutAfter(direction: Direction, bytes: number): Promise<void>;
  /** Where new connections lead from now on. */
  retarget(endpoint: string): void;
  /** Resets everything and frees the port. Idempotent. */
  close(): void;
}

/** Starts a proxy before an endpoint such as `http://127.0.0.1:2379`. */
export async function startProxy(target: string): Promise<TcpProxy> {
  const proxy = new OwnProxy(target, await freePort());
  await proxy.startAccepting();
  return proxy;
}

class OwnProxy implements TcpProxy {
  readonly endpoint: string;
  readonly bytes: Record<Direction, number> = { up: 0, down: 0 };
  readonly #port: number;
  readonly #weather: Record<Direction, Weather> = {
    up: { held: false, delayMs: 0, cut: undefined },
    down: { held: false, delayMs: 0, cut: undefined },
  };
  readonly #open = new Set<Connection>();
  #made = 0;
  #target: string;
  #server: Server | undefined;

  constructor(target: string, port: number) {
    this.#target = target;
    this.#port = port;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  get connections(): { readonly made: number; readonly open: number } {
    return { made: this.#made, open: this.#open.size };
  }

  async startAccepting(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
  }

  stopAccepting(): void {
    // Its callback would wait for the connections; the port is free as soon as close() returns.
    this.#server?.close();
    this.#server = undefined;
  }

  resetAll(): void {
    for (const connection of this.#open) connection.reset();
  }

  blackHole(direction: Direction | 'both'): void {
    for (const each of directionsOf(direction)) this.#weather[each].held = true;
  }

  heal(): void {
    for (const each of directionsOf('both')) Object.assign(this.#weather[each], { held: false, delayMs: 0 });
    for (const connection of this.#open) connection.wake();
  }

  delay(direction: Direction | 'both', ms: number): void {
    for (const each of directionsOf(direction)) this.#weather[each].delayMs = ms;
  }

  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((done) => {
      this.#weather[direction].cut = { bytesLeft: bytes, done };
    });
  }

  retarget(endpoint: string): void {
    this.#target = endpoint;
  }

  close(): void {
    this.stopAccepting();
    this.resetAll();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #accept(client: Socket): void {
    this.#made++;
    const { hostname, port } = new URL(this.#target);
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const connection = new Connection(client, server, this.#weather, this.bytes, () => {
      this.#open.delete(connection);
    });
    this.#open.add(connection);
  }
}

/** A client's socket, ours to etcd, and a pipe each way. */
class Connection {
  readonly #ends: readonly [client: Socket, server: Socket];
  readonly #pipes: readonly [up: Pipe, down: Pipe];

  constructor(
    client: Socket,
    server: Socket,
    weather: Readonly<Record<Direction, Weather>>,
    bytes: Record<Direction, number>,
    over: () => void,
  ) {
    const pipe = (direction: Direction, from: Socket, to: Socket): Pipe =>
      new Pipe(from, to, weather[direction], {
        passed: (count) => {
          bytes[direction] += count;
        },
        cut: () => this.reset(),
      });
    this.#ends = [client, server];
    this.#pipes = [pipe('up', client, server), pipe('down', server, client)];
    client.once('close', () => {
      if (server.destroyed) over();
    });
    server.once('close', () => {
      if (client.destroyed) over();
    });
  }

  reset(): void {
    for (const pipe of this.#pipes) pipe.stop();
    for (const end of this.#ends) end.resetAndDestroy();
  }

  wake(): void {
    for (const pipe of this.#pipes) pipe.wake();
  }
}

function directionsOf(direction: Direction | 'both'): readonly Direction[] {
  return direction === 'both' ? ['up', 'down'] : [direction];
}
