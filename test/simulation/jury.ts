/** Counts what was checked, and keeps the first promise that was broken. */
import type { Verdict } from './guarantees.js';

export interface Violation {
  readonly guarantee: string;
  readonly atMs: number;
  readonly what: string;
}

export class Jury {
  readonly #nowMs: () => number;
  violation: Violation | undefined;
  checkCount = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** One check of one guarantee; `who` names whom it is about. */
  judge(guarantee: string, who: string, verdict: Verdict): void {
    this.checkCount += 1;
    if (verdict === undefined || this.violation !== undefined) return;
    this.violation = {
      guarantee,
      atMs: Math.round(this.#nowMs()),
      what: who === '' ? verdict : `${who}: ${verdict}`,
    };
  }
}
