/** The simulation's only time: a heap of timers, ordered by when they are due and then by when they were set. */
import type { Clock } from '../../src/world.js';

export interface Timer {
  readonly at: number;
  readonly seq: number;
  /** Null once it has run or was taken back. */
  run: (() => void) | null;
}

/** A timer that is set again whenever it runs. */
interface Interval {
  next: Timer | undefined;
}

/** Milliseconds since 1970 at which every simulation begins. */
const epochMs = 1_700_000_000_000;

export class VirtualClock implements Clock {
  readonly #heap: Timer[] = [];
  #nowMs = 0;
  #seq = 0;
  #pending = 0;

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#pending;
  }

  now(): number {
    return epochMs + this.#nowMs;
  }

  at(atMs: number, run: () => void): Timer {
    const timer = { at: Math.max(atMs, this.#nowMs), seq: this.#seq++, run };
    this.#pending += 1;
    this.#push(timer);
    return timer;
  }

  setTimeout(run: () => void, ms: number): Timer {
    return this.at(this.#nowMs + Math.max(ms, 0), run);
  }

  clearTimeout(timer: unknown): void {
    const known = timer as Timer | undefined | null;
    if (!known?.run) return;
    known.run = null;
    this.#pending -= 1;
  }

  setInterval(run: () => void, ms: number): Interval {
    const interval: Interval = { next: undefined };
    const again = (): void => {
      interval.next = this.setTimeout(() => {
        again();
        run();
      }, ms);
    };
    again();
    return interval;
  }

  clearInterval(interval: unknown): void {
    this.clearTimeout((interval as Interval | undefined)?.next);
  }

  soon(run: () => void): () => void {
    const timer = this.at(this.#nowMs, run);
    return () => this.clearTimeout(timer);
  }

  /** Takes the next timer that is due by `untilMs` and moves time to it; undefined, and time at `untilMs`, if there is none. */
  next(untilMs: number): (() => void) | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.at <= untilMs; first = this.#heap[0]) {
      this.#pop();
      const { run } = first;
      if (run === null) continue;
      first.run = null;
      this.#pending -= 1;
      this.#nowMs = first.at;
      return run;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return undefined;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!isBefore(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
