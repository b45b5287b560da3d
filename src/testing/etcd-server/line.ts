/**
 * One client's connection, relayed to the gRPC server on its private port. The relay is a gate: while it is shut nothing is
 * read from the client and nothing sent to it, although the connection stands, which is what a client of a stopped process
 * sees. (Handing gRPC a stream of ours instead would save the relay, but Node's HTTP/2 aborts on such streams when a client
 * dies in the middle of a write.)
 */
import { connect, type Socket } from 'node:net';
import { Lag } from './lag.js';

export class Line {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #there: Lag;
  readonly #back: Lag;

  constructor(client: Socket, serverPort: number, delayMs: () => number = () => 0) {
    this.#client = client;
    this.#there = new Lag(delayMs);
    this.#back = new Lag(delayMs);
    this.#server = connect({ port: serverPort, host: '127.0.0.1', noDelay: true });
    // What breaks one end closes it, and that closes the other; why it broke is the client's business.
    client.on('error', () => undefined);
    this.#server.on('error', () => undefined);
    client.on('close', () => {
      this.#server.destroy();
      this.#there.destroy();
      this.#back.destroy();
    });
    this.#server.on('close', () => client.destroySoon());
  }

  open(): void {
    this.#client.pipe(this.#there).pipe(this.#server);
    this.#server.pipe(this.#back).pipe(this.#client);
  }

  shut(): void {
    this.#client.unpipe();
    this.#there.unpipe();
    this.#server.unpipe();
    this.#back.unpipe();
  }

  /** Breaks the connection as the kernel does for a killed process. */
  reset(): void {
    // A socket that was ended a moment ago cannot be reset: Node would lose hold of it and then spin at exit.
    if (this.#client.writableEnded) this.#client.destroy();
    else this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  onceClosed(act: () => void): void {
    this.#client.once('close', act);
  }
}
