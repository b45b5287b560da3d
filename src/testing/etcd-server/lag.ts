/** A stretch of road: what goes in comes out in order, so many milliseconds later. */
import { Transform, type TransformCallback } from 'node:stream';

export class Lag extends Transform {
  readonly #delayMs: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #onTheWay: Buffer[] = [];
  #lastAtMs = 0;
  #whenEmpty: (() => void) | undefined;

  constructor(delayMs: () => number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const now = performance.now();
    // Nothing overtakes what is still on its way, even when the delay has just become shorter.
    this.#lastAtMs = Math.max(this.#lastAtMs, now + this.#delayMs());
    if (this.#lastAtMs <= now && this.#onTheWay.length === 0) {
      done(null, chunk);
      return;
    }
    this.#onTheWay.push(chunk);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // Timers of different lengths may fire out of order; the chunks come out in theirs.
      this.push(this.#onTheWay.shift());
      if (this.#onTheWay.length === 0) this.#whenEmpty?.();
    }, this.#lastAtMs - now);
    this.#timers.add(timer);
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#onTheWay.length === 0) done();
    else this.#whenEmpty = () => done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const timer of this.#timers) clearTimeout(timer);
    done(error);
  }
}
