/**
 * Plays simulations and prints what they met. The first story that breaks a promise is shrunk, printed, and saved with
 * --save; then it exits 1.
 *
 *     npm run simulate -- --seeds 1000 [--from 1]     so many seeds
 *     npm run simulate -- --minutes 2                 fresh seeds for so long
 *     npm run simulate -- --seed 17 --trace           one seed, with everything that happens
 *     npm run simulate -- --sabotage                  whether deliberate defects are found
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Defect, defects } from '../test/simulation/sabotage.js';
import { shrink } from '../test/simulation/shrink.js';
import { type Outcome, play } from '../test/simulation/simulation.js';
import { type Story, storyOf } from '../test/simulation/story.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    sabotage: { type: 'boolean', default: false },
    'seeds-max': { type: 'string', default: '2000' },
    save: { type: 'string' },
  },
});

/** How often progress is printed. */
const progressMs = 15_000;

/** What many plays add up to. */
class Tally {
  readonly #startedMs = performance.now();
  readonly #startedCpu = process.cpuUsage();
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

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  line(): string {
    const { user, system } = process.cpuUsage(this.#startedCpu);
    const cpuSeconds = (user + system) / 1e6;
    const perSecond = (this.#runs / (this.elapsedMs / 1_000)).toFixed(1);
    const ratio = Math.round(this.#simulatedMs / this.elapsedMs);
    const perCore = (this.#runs / cpuSeconds).toFixed(1);
    return `${this.#runs} runs, ${this.#steps} steps, ${this.#checks} checks, ${perSecond} seeds/s (${perCore} per core), ${ratio} × real time`;
  }

  print(): void {
    const kinds = [...this.#faults].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`);
    console.log(this.line());
    console.log(
      `${this.#work} calls and notifications; ${this.#felt} connections lost or histories replaced`,
    );
    console.log(`faults: ${kinds.join(', ')}`);
  }
}

async function simulateSeeds(): Promise<boolean> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const fresh = Math.floor(Math.random() * 1e9);
  const from = values.from === undefined ? (minutes === undefined ? 1 : fresh) : Number(values.from);
  const count = values.seeds === undefined ? (minutes === undefined ? 100 : Infinity) : Number(values.seeds);
  const untilMs = minutes === undefined ? Infinity : minutes * 60_000;
  console.log(`simulating from seed ${from} on`);
  const tally = new Tally();
  let nextLineMs = progressMs;
  for (let seed = from; seed < from + count && tally.elapsedMs < untilMs; seed += 1) {
    const outcome = await play(storyOf(seed));
    tally.add(outcome);
    if (outcome.violation !== undefined) {
      tally.print();
      await explain(storyOf(seed), outcome);
      return false;
    }
    if (tally.elapsedMs < nextLineMs) continue;
    console.log(`  seed ${seed}: ${tally.line()}`);
    nextLineMs += progressMs;
  }
  tally.print();
  console.log('every promise held');
  return true;
}

/** Tells what broke, in as few events as possible. */
async function explain(story: Story, { violation }: Outcome): Promise<void> {
  if (violation === undefined) return;
  const { guarantee, what, atMs } = violation;
  console.log(`\nseed ${story.seed} breaks ${guarantee} after ${atMs} ms: ${what}`);
  console.log(`see it with: npm run simulate -- --seed ${story.seed} --trace`);
  const { story: short, plays } = await shrink(story, guarantee);
  const length = short.faults.length + short.workload.length;
  console.log(
    `\nshrunk in ${plays} plays from ${story.faults.length + story.workload.length} to ${length} events:`,
  );
  const events = [...short.faults, ...short.workload].sort((a, b) => a.at - b.at);
  for (const event of events) console.log(`  ${JSON.stringify(event)}`);
  const told = `${JSON.stringify({ guarantee, found: what, story: short }, null, 1)}\n`;
  if (values.save === undefined)
    console.log('save it as a regression with --save test/simulation/stories/NAME.json');
  else writeFileSync(values.save, told);
}

async function simulateOne(seed: number): Promise<boolean> {
  const outcome = await play(storyOf(seed), values.trace ? { trace: (line) => console.log(line) } : {});
  const tally = new Tally();
  tally.add(outcome);
  tally.print();
  if (outcome.violation === undefined) return true;
  if (values.trace) console.log(`${outcome.violation.guarantee} ${outcome.violation.what}`);
  else await explain(storyOf(seed), outcome);
  return false;
}

/** Looks for each defect, seed by seed. */
async function sabotage(): Promise<boolean> {
  const most = Number(values['seeds-max']);
  let missed = 0;
  console.log('| defect | what the code would do | seeds until found | broken promise |');
  console.log('|---|---|---:|---|');
  for (const defect of defects) {
    const found = await seedsUntilFound(defect, most);
    if (found === undefined) missed += 1;
    console.log(
      `| ${defect.name} | ${defect.what} | ${found?.seeds ?? `not in ${most}`} | ${found?.guarantee ?? ''} |`,
    );
  }
  console.log(
    missed === 0 ? `\nall ${defects.length} defects were found` : `\n${missed} defects were not found`,
  );
  return missed === 0;
}

async function seedsUntilFound(
  defect: Defect,
  most: number,
): Promise<{ readonly seeds: number; readonly guarantee: string } | undefined> {
  const from = Number(values.from ?? 1);
  const takeOut = defect.install();
  try {
    for (let seeds = 1; seeds <= most; seeds += 1) {
      const tampering = defect.tampering ?? {};
      const { violation } = await play(storyOf(from + seeds - 1), { tampering });
      if (violation !== undefined) return { seeds, guarantee: violation.guarantee };
    }
    return undefined;
  } finally {
    takeOut();
  }
}

const passed = values.sabotage
  ? await sabotage()
  : values.seed === undefined
    ? await simulateSeeds()
    : await simulateOne(Number(values.seed));
process.exitCode = passed ? 0 : 1;
