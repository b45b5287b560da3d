/** How often a process has tried to connect lately, without the attempts that replaced a connection the network had lost. */

/** The time that is looked at. */
const windowMs = 10_000;

export class Dials {
  readonly #atMs: number[] = [];
  #lossesReplaced = 0;

  began(nowMs: number): void {
    this.#atMs.push(nowMs);
  }

  /** The last attempt led to a link; so many connections were lost up to now, not counting those that were given up. */
  linked(lostCount: number): void {
    if (lostCount > this.#lossesReplaced) this.#atMs.pop();
    this.#lossesReplaced = lostCount;
  }

  inTenSeconds(nowMs: number): number {
    while ((this.#atMs[0] ?? Number.POSITIVE_INFINITY) < nowMs - windowMs) this.#atMs.shift();
    return this.#atMs.length;
  }
}
