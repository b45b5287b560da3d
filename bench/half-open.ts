/** A way to etcd whose established connections can go dead without a word, while new ones work: half-open. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../test/support/free-port.js';

export class HalfOpenWay {
  readonly address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, target: string) {
    this.address = `127.0.0.1:${port}`;
    this.#server = createServer((client) => {
      const upstream = connect(Number(new URL(target).port), '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => this.#sockets.delete(socket));
      }
      client.pipe(upstream).pipe(client);
    });
    this.#server.listen(port, '127.0.0.1');
  }

  static async open(target: string): Promise<HalfOpenWay> {
    const way = new HalfOpenWay(await freePort(), target);
    await once(way.#server, 'listening');
    return way;
  }

  /** Nothing passes any more over the connections there are. */
  die(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.removeAllListeners('data');
      socket.on('data', () => {});
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
