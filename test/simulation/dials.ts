/** How often a process has tried to connect lately. */

/** The time that is looked at. */
const windowMs = 10_000;

export class Dials {
  readonly #atMs: number[] = [];

  began(nowMs: number): void {
    this.#atMs.push(nowMs);
  }

  inTenSeconds(nowMs: number): number {
    while ((this.#atMs[0] ?? Number.POSITIVE_INFINITY) < nowMs - windowMs) this.#atMs.shift();
    return this.#atMs.length;
  }
}
