/** A clock that stands still until it is told to go on; for actors, and for tests of programs with timers. */

/** Fits `createActor(machine, { clock })`. */
export interface VirtualClock {
  /** Calls `run` once, `ms` from now. */
  setTimeout(run: () => void, ms: number): number;
  /** Forgets a timer; a timer that has fired, or never was, is fine. */
  clearTimeout(id: number): void;
  /** Milliseconds since the clock was made. */
  now(): number;
  /**
   * Lets `ms` pass. Whatever falls due runs one by one, by deadline and then by age, each at its own time; so does
   * what the timers set meanwhile. If one throws, the clock stands at its deadline and the others stay pending.
   */
  advance(ms: number): void;
  /** Lets time pass up to the next deadline and runs that timer; false when there is none. */
  step(): boolean;
  /** How many timers are waiting. */
  readonly pending: number;
}

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly run: () => void;
}

/** A clock at time zero, without timers. */
export function createVirtualClock(): VirtualClock {
  const timers = new Timers();
  return {
    setTimeout: (run, ms) => timers.add(run, ms),
    clearTimeout: (id) => timers.remove(id),
    now: () => timers.now,
    advance: (ms) => timers.runUntil(timers.now + ms),
    step: () => timers.runNext(),
    get pending(): number {
      return timers.size;
    },
  };
}

/** The timers of one clock, and its time. */
class Timers {
  readonly #waiting = new Map<number, Timer>();
  readonly #queue = new TimerQueue();
  #now = 0;
  #lastId = 0;

  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(run: () => void, ms: number): number {
    this.#lastId += 1;
    const timer = { id: this.#lastId, due: this.#now + Math.max(0, ms), run };
    this.#waiting.set(timer.id, timer);
    this.#queue.add(timer);
    return timer.id;
  }

  remove(id: number): void {
    this.#waiting.delete(id);
  }

  runUntil(end: number): void {
    for (let timer = this.#next(); timer !== undefined && timer.due <= end; timer = this.#next())
      this.#run(timer);
    this.#now = Math.max(this.#now, end);
  }

  runNext(): boolean {
    const timer = this.#next();
    if (timer !== undefined) this.#run(timer);
    return timer !== undefined;
  }

  #run(timer: Timer): void {
    this.#queue.removeFirst();
    this.#waiting.delete(timer.id);
    this.#now = Math.max(this.#now, timer.due);
    timer.run();
  }

  /** The next timer that nobody has removed. */
  #next(): Timer | undefined {
    for (let timer = this.#queue.first; timer !== undefined; timer = this.#queue.first) {
      if (this.#waiting.has(timer.id)) return timer;
      this.#queue.removeFirst();
    }
    return undefined;
  }
}

/** A binary heap by deadline and age. */
class TimerQueue {
  readonly #heap: Timer[] = [];

  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(timer: Timer): void {
    let index = this.#heap.length;
    this.#heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let earliest = index;
      if (this.#isBefore(left, earliest)) earliest = left;
      if (this.#isBefore(right, earliest)) earliest = right;
      if (earliest === index) return;
      this.#swap(index, earliest);
      index = earliest;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.due === other.due ? one.id < other.id : one.due < other.due;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
