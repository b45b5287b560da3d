/**
 * Does the same random operations on the in-memory etcd and on a real one and compares every answer and every watch event.
 * Prints each difference with what led to it, and a sum as last line; exits 0 only when there was no difference.
 *
 *     npm run test:differential -- --seed 7 --ops 2000     one seed
 *     npm run test:differential -- --seeds 20              twenty seeds, from --seed (or 1) on
 */
import { parseArgs } from 'node:util';
import { locateEtcd } from '../test/support/etcd-binary.js';
import { runTrial } from './differential/trial.js';

async function run(first: number, seeds: number, ops: number): Promise<void> {
  const begun = performance.now();
  const sums = { operations: 0, answers: 0, events: 0, differences: 0 };
  for (let seed = first; seed < first + seeds; seed++) {
    const { operations, counts, difference } = await runTrial(seed, ops);
    sums.operations += operations;
    sums.answers += counts['answers'] ?? 0;
    sums.events += counts['events'] ?? 0;
    if (difference !== undefined) {
      sums.differences += 1;
      process.exitCode = 1;
      console.log(difference);
    }
    const outcome = difference === undefined ? 'no difference' : 'A DIFFERENCE';
    console.log(`seed ${seed}: ${operations} operations, ${outcome} ${JSON.stringify(counts)}`);
  }
  const { operations, answers, events, differences } = sums;
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(
    `${seeds} seeds, ${operations} operations, ${answers} answers and ${events} watch events compared, ` +
      `${differences} differences, ${seconds} s`,
  );
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    ops: { type: 'string', default: '2000' },
  },
});
if (locateEtcd() !== undefined) await run(Number(values.seed), Number(values.seeds), Number(values.ops));
else {
  console.log('there is no etcd on the PATH to compare with');
  process.exitCode = 1;
}
