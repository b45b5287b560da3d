/** A line to etcd that can keep what is sent over it for a while, and deliver it when nobody expects it any more. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../support/free-port.js';

interface Kept {
  readonly upstream: Socket;
  readonly bytes: Buffer;
}

export class LateLine {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #kept: Kept[] = [];
  #mode: 'passing' | 'keeping' | 'dropping' = 'passing';

  private constructor(port: number, target: string) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#server = createServer((client) => {
      const upstream = connect(Number(new URL(target).port), '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
      }
      client.on('data', (bytes) => this.#pass(bytes, upstream));
      upstream.on('data', (bytes) => {
        if (this.#mode === 'passing') client.write(bytes);
      });
    });
    this.#server.listen(port, '127.0.0.1');
  }

  static async open(target: string): Promise<LateLine> {
    const line = new LateLine(await freePort(), target);
    await once(line.#server, 'listening');
    return line;
  }

  /** From now on keeps what clients send, and tells them nothing, not even that etcd has closed. */
  keep(): void {
    this.#mode = 'keeping';
  }

  /** From now on what clients send is lost: a cancellation, say, of what was kept. */
  drop(): void {
    this.#mode = 'dropping';
  }

  get isKeeping(): boolean {
    return this.#kept.length > 0;
  }

  /** etcd gets what was kept. */
  deliver(): void {
    for (const { upstream, bytes } of this.#kept.splice(0)) upstream.write(bytes);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(bytes: Buffer, upstream: Socket): void {
    if (this.#mode === 'passing') upstream.write(bytes);
    else if (this.#mode === 'keeping') this.#kept.push({ upstream, bytes });
  }
}
