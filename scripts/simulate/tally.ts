/** What many plays add up to. */
import type { Outcome } from '../../test/simulation/simulation.js';

export class Tally {
  readonly #startedMs = performance.now();
  readonly #spent = new Map<number, number>();
  readonly #faults = new Map<string, number>();
  #runs = 0;
  #steps = 0;
  #checks = 0;
  #work = 0;
  #felt = 0;
  #simulatedMs = 0;

  add({ steps, checks, work, felt, simulatedMs, faults }: Outcome): void {
    this.#runs += 1;
    this.#steps += steps;
    this.#checks += checks;
    this.#work += work;
    this.#felt += felt;
    this.#simulatedMs += simulatedMs;
    for (const [kind, count] of Object.entries(faults))
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
  }

  /** Processor seconds that one process has spent so far, its start included. */
  spent(process: number, cpuSeconds: number): void {
    this.#spent.set(process, cpuSeconds);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** "Per core" divides by processor seconds, also those of the start and of the collection of garbage. */
  line(): string {
    const cpuSeconds = [...this.#spent.values()].reduce((sum, seconds) => sum + seconds, 0);
    const perSecond = (this.#runs / (this.elapsedMs / 1_000)).toFixed(1);
    const perCore = (this.#runs / cpuSeconds).toFixed(1);
    const ratio = Math.round(this.#simulatedMs / this.elapsedMs);
    return `${this.#runs} runs, ${this.#steps} steps, ${this.#checks} checks, ${perSecond} seeds/s (${perCore} per core), ${ratio} × real time`;
  }

  print(): void {
    const kinds = [...this.#faults].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`);
    const simulatedHours = (this.#simulatedMs / 3_600_000).toFixed(1);
    console.log(this.line());
    console.log(
      `${simulatedHours} simulated hours in ${(this.elapsedMs / 1_000).toFixed(0)} s; ` +
        `${this.#work} calls and notifications; ${this.#felt} connections lost or histories replaced`,
    );
    console.log(`faults: ${kinds.join(', ')}`);
  }
}
