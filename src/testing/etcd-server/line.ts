/**
 * One client's connection as the server reads it. Bytes pass through a gate: while it is shut nothing is read from the
 * client and nothing is sent to it, although the connection stands, which is what a client of a stopped process sees.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

export class Line extends Duplex {
  readonly #socket: Socket;
  #shut: boolean;
  #held: (() => void)[] = [];

  constructor(socket: Socket, shut: boolean) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#shut = shut;
    socket.pause();
    socket.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    // A broken connection is also closed; what it broke of is the client's business.
    socket.on('error', () => undefined);
    socket.on('close', () => this.destroy());
  }

  shut(): void {
    this.#shut = true;
    this.#socket.pause();
  }

  open(): void {
    this.#shut = false;
    for (const act of this.#held.splice(0)) act();
    this.#socket.resume();
  }

  /** Breaks the connection as the kernel does for a killed process with unread bytes. */
  reset(): void {
    this.#socket.resetAndDestroy();
    this.destroy();
  }

  override _read(): void {
    if (!this.#shut) this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#pass(() => this.#socket.write(bytes, done));
  }

  override _final(done: Done): void {
    this.#pass(() => this.#socket.end(done));
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#held = [];
    this.#socket.destroy();
    done(error);
  }

  #pass(act: () => void): void {
    if (this.#shut) this.#held.push(act);
    else act();
  }
}
