/** The server's side of the network: one port, its connections, and the gRPC server that reads them. Made anew at each start. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as PortServer, type Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { authHandlers } from './auth.js';
import type { Desk } from './desk.js';
import { onFreePort } from './free-port.js';
import { kvHandlers } from './kv.js';
import { leaseHandlers } from './lease.js';
import { Line } from './line.js';
import { memberHandlers } from './maintenance.js';
import { OpenStreams } from './open-streams.js';
import { serviceDefinitions } from './services.js';
import { watchHandlers } from './watch.js';

export class Listener {
  readonly #grpc: Server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly #desk: Desk;
  readonly #streams: OpenStreams;
  readonly #delayMs: () => number;
  readonly #lines = new Set<Line>();
  readonly #port: PortServer;
  #frozen = false;
  /** Where the gRPC server listens; only {@link Line} connects to it. */
  #privatePort = 0;

  /** `delayMs` tells how much longer everything takes on its way now. */
  constructor(desk: Desk, delayMs: () => number = () => 0) {
    this.#desk = desk;
    this.#delayMs = delayMs;
    this.#streams = new OpenStreams(desk.leadership);
    this.#port = createServer({ noDelay: true }, (socket) => this.#take(socket));
  }

  /** Starts to listen and to serve, on a free port if it is 0; answers the port. When the port is taken, nothing is left open. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const opened = (error: Error | null, privatePort: number): void => {
        this.#privatePort = privatePort;
        if (error) reject(error);
        else resolve();
      };
      this.#grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), opened);
    });
    try {
      await (port === 0 ? onFreePort((free) => this.#open(host, free)) : this.#open(host, port));
    } catch (error) {
      this.#grpc.forceShutdown();
      throw error;
    }
    const { port: bound } = this.#port.address() as AddressInfo;
    this.#serve(`${host}:${bound}`);
    return bound;
  }

  freeze(): void {
    this.#frozen = true;
    for (const line of this.#lines) line.shut();
  }

  thaw(): void {
    this.#frozen = false;
    for (const line of this.#lines) line.open();
  }

  dropStreams(): void {
    this.#streams.drop();
  }

  /** Ends the streams that asked for a leader. */
  dropLeaderless(): void {
    this.#streams.dropLeaderless();
  }

  /** Breaks every connection; new ones are taken. */
  dropConnections(): void {
    for (const line of this.#lines) line.reset();
  }

  /** Breaks every connection and gives up the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#port.close(() => resolve());
    });
    this.dropConnections();
    this.#grpc.forceShutdown();
    await closed;
  }

  async #open(host: string, port: number): Promise<void> {
    this.#port.listen(port, host);
    await once(this.#port, 'listening');
  }

  #take(socket: Socket): void {
    const line = new Line(socket, this.#privatePort, this.#delayMs);
    this.#lines.add(line);
    line.onceClosed(() => this.#lines.delete(line));
    if (!this.#frozen) line.open();
  }

  #serve(endpoint: string): void {
    const definitions = serviceDefinitions();
    const members = memberHandlers(this.#desk, endpoint);
    this.#grpc.addService(definitions.KV, kvHandlers(this.#desk));
    this.#grpc.addService(definitions.Lease, leaseHandlers(this.#desk, this.#streams));
    this.#grpc.addService(definitions.Watch, watchHandlers(this.#desk, this.#streams));
    this.#grpc.addService(definitions.Cluster, members.Cluster);
    this.#grpc.addService(definitions.Maintenance, members.Maintenance);
    this.#grpc.addService(definitions.Auth, authHandlers(this.#desk));
  }
}
