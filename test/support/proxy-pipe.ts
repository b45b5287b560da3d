/** One direction of one connection of the proxy: passes on what it reads, when the weather lets it. */
import type { Socket } from 'node:net';

/** What all connections suffer in one direction. */
export interface Weather {
  held: boolean;
  delayMs: number;
  cut: { bytesLeft: number; readonly done: () => void } | undefined;
}

export interface PipeReports {
  /** So many bytes were passed on. */
  readonly passed: (count: number) => void;
  /** The cut is due; everything before it has left. */
  readonly cut: () => void;
}

interface Parcel {
  readonly dueMs: number;
  /** `end`: the sender has finished; `reset`: it is gone. */
  readonly content: Buffer | 'end' | 'reset';
}

/** A sender ahead by this much is no longer read, so that it meets a full window as it would behind a real hole. */
const heldBytesMax = 1024 * 1024;

export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: Weather;
  readonly #reports: PipeReports;
  readonly #parcels: Parcel[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(from: Socket, to: Socket, weather: Weather, reports: PipeReports) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    this.#reports = reports;
    from.on('data', (chunk: Buffer) => {
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > heldBytesMax) from.pause();
      this.#take(chunk);
    });
    from.once('end', () => this.#take('end'));
    from.once('error', () => this.#take('reset'));
  }

  /** Looks again at the weather, which has changed. */
  wake(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#stopped && !this.#weather.held) {
      const [next] = this.#parcels;
      if (next === undefined) return;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.wake(), Math.ceil(waitMs));
        return;
      }
      this.#parcels.shift();
      this.#pass(next.content);
    }
  }

  /** Passes nothing on any more; what it holds is lost. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #take(content: Parcel['content']): void {
    this.#parcels.push({ dueMs: performance.now() + this.#weather.delayMs, content });
    if (this.#timer === undefined) this.wake();
  }

  #pass(content: Parcel['content']): void {
    if (content === 'end') this.#to.end();
    else if (content === 'reset') this.#to.resetAndDestroy();
    else this.#passBytes(content);
  }

  #passBytes(chunk: Buffer): void {
    this.#heldBytes -= chunk.length;
    if (this.#heldBytes <= heldBytesMax) this.#from.resume();
    const { cut } = this.#weather;
    if (cut === undefined || chunk.length < cut.bytesLeft) {
      if (cut !== undefined) cut.bytesLeft -= chunk.length;
      this.#reports.passed(chunk.length);
      this.#to.write(chunk);
      return;
    }
    this.#weather.cut = undefined;
    this.#stopped = true;
    this.#reports.passed(cut.bytesLeft);
    this.#to.write(chunk.subarray(0, cut.bytesLeft), () => {
      this.#reports.cut();
      cut.done();
    });
  }
}
