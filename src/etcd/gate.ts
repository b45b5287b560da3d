/**
 * Lets a few through at a time, the others wait in line. For reads that come in thousands at once, one for each watched
 * prefix: sent all together, the last would be answered after its deadline, and the link would be taken for broken.
 */

export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Begins `act` when it is its turn, and settles as it does. */
  async through<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#inside >= this.#limit) await new Promise<void>((enter) => this.#waiting.push(enter));
    else this.#inside += 1;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
