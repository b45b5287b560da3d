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
  const waiting = new Map<number, Timer>();
  const queue = new TimerQueue();
  let now = 0;
  let lastId = 0;

  /** The next timer that nobody has cleared. */
  const next = (): Timer | undefined => {
    for (let timer = queue.first; timer !== undefined; timer = queue.first) {
      if (waiting.has(timer.id)) return timer;
      queue.removeFirst();
    }
    return undefined;
  };
  const fire = (timer: Timer): void => {
    queue.removeFirst();
    waiting.delete(timer.id);
    now = Math.max(now, timer.due);
    timer.run();
  };
  return {
    setTimeout: (run, ms) => {
      lastId += 1;
      const timer = { id: lastId, due: now + Math.max(0, ms), run };
      waiting.set(timer.id, timer);
      queue.add(timer);
      return timer.id;
    },
    clearTimeout: (id) => {
      waiting.delete(id);
    },
    now: () => now,
    advance: (ms) => {
      const end = now + ms;
      for (let timer = next(); timer !== undefined && timer.due <= end; timer = next()) fire(timer);
      now = Math.max(now, end);
    },
    step: () => {
      const timer = next();
      if (timer !== undefined) fire(timer);
      return timer !== undefined;
    },
    get pending(): number {
      return waiting.size;
    },
  };
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
