/**
 * Plays simulations and prints what they met. The first story that breaks a promise is shrunk, printed, and saved with
 * --save; then it exits 1.
 *
 *     npm run simulate -- --seeds 1000 [--from 1]     so many seeds, on all cores or in --processes
 *     npm run simulate -- --minutes 2 [--from 1]      fresh seeds, or those from one on, for so long
 *     npm run simulate -- --seed 17 --trace           one seed, with everything that happens
 *     npm run simulate -- --sabotage                  whether deliberate defects are found
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Defect, defects } from '../test/simulation/sabotage.js';
import { shrink } from '../test/simulation/shrink.js';
import { type Outcome, play } from '../test/simulation/simulation.js';
import { type Story, storyOf } from '../test/simulation/story.js';
import { playSeeds } from './simulate/crew.js';
import { Tally } from './simulate/tally.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    processes: { type: 'string' },
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

async function simulateSeeds(): Promise<boolean> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const fresh = Math.floor(Math.random() * 1e9);
  const from = values.from === undefined ? (minutes === undefined ? 1 : fresh) : Number(values.from);
  const count = values.seeds === undefined ? (minutes === undefined ? 100 : Infinity) : Number(values.seeds);
  const untilMs = minutes === undefined ? Infinity : minutes * 60_000;
  const processes = Math.min(Number(values.processes ?? availableParallelism()), count);
  console.log(`simulating from seed ${from} on, ${processes} at a time`);
  const tally = new Tally();
  let nextLineMs = progressMs;
  let interrupted = false;
  // Not `once`: the same signal comes from the terminal and again from whoever started us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = true));
  const { through, broken } = await playSeeds({
    from,
    count,
    processes,
    onSpent: (process, cpuSeconds) => tally.spent(process, cpuSeconds),
    isOver: () => interrupted || tally.elapsedMs >= untilMs,
    onPlayed: (seed, outcome) => {
      tally.add(outcome);
      if (tally.elapsedMs < nextLineMs) return;
      console.log(`  seed ${seed}: ${tally.line()}`);
      nextLineMs = tally.elapsedMs + progressMs;
    },
  });
  tally.print();
  if (broken !== undefined) {
    await explain(storyOf(broken.seed), broken.outcome);
    return false;
  }
  if (interrupted) console.log(`interrupted: go on with --from ${through + 1}`);
  console.log(`every promise held with seeds ${from} to ${through}`);
  return !interrupted;
}

/** Tells what broke, in as few events as possible. */
async function explain(story: Story, { violation }: Outcome): Promise<void> {
  if (violation === undefined) return;
  const { guarantee, what, atMs } = violation;
  const found = `seed ${story.seed} breaks ${guarantee} after ${atMs} ms: ${what}`;
  console.log(`\n${found}`);
  const { story: short, plays } = await shrink(story, guarantee);
  const length = short.faults.length + short.workload.length;
  console.log(
    `\nshrunk in ${plays} plays from ${story.faults.length + story.workload.length} to ${length} events:`,
  );
  const events = [...short.faults, ...short.workload].sort((a, b) => a.at - b.at);
  for (const event of events) console.log(`  ${JSON.stringify(event)}`);
  const saved = `${JSON.stringify({ guarantee, found: what, story: short }, null, 1)}\n`;
  if (values.save === undefined)
    console.log('save it as a regression with --save test/simulation/stories/NAME.json');
  else writeFileSync(values.save, saved);
  // Once more, because the end of a log is what is read first.
  console.log(`${found}\nsee it with: npm run simulate -- --seed ${story.seed} --trace`);
}

async function simulateOne(seed: number): Promise<boolean> {
  const tally = new Tally();
  const outcome = await play(storyOf(seed), values.trace ? { trace: (line) => console.log(line) } : {});
  tally.add(outcome);
  const { user, system } = process.cpuUsage();
  tally.spent(0, (user + system) / 1e6);
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
