/** One direction of a simulated connection. */
import type { VirtualClock } from './virtual-clock.js';

/** One direction of a connection: in order, each message after a latency of its own. A held lane delivers later. */
export class Lane {
  readonly #clock: VirtualClock;
  readonly #latencyMs: () => number;
  #queue: (() => void)[] = [];
  #lastAtMs = 0;
  #generation = 0;
  #isHeld = false;

  constructor(clock: VirtualClock, latencyMs: () => number) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  send(deliver: () => void): void {
    this.#queue.push(deliver);
    if (!this.#isHeld) this.#schedule();
  }

  hold(): void {
    this.#isHeld = true;
    this.#generation += 1;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (let index = 0; index < this.#queue.length; index += 1) this.#schedule();
  }

  /** Takes everything that is under way off the lane. */
  take(): (() => void)[] {
    const queue = this.#queue;
    this.#queue = [];
    this.#generation += 1;
    return queue;
  }

  #schedule(): void {
    const generation = this.#generation;
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.nowMs + this.#latencyMs());
    this.#clock.at(this.#lastAtMs, () => {
      if (generation === this.#generation) this.#queue.shift()?.();
    });
  }
}
