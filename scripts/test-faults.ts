/**
 * Runs the faults on a real etcd, again and again if asked: `npm run test:faults -- --repeat 20`. Whatever else it is
 * given goes to vitest, e.g. `-t "fault 10:"`. Stops at the first round that fails.
 */
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
const at = given.indexOf('--repeat');
const rounds = at < 0 ? 1 : Number(given[at + 1]);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--repeat needs a whole number above 0');
if (at >= 0) given.splice(at, 2);

for (let round = 1; round <= rounds; round += 1) {
  const began = performance.now();
  const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'vitest.faults.config.ts', ...given], {
    stdio: 'inherit',
    env: { ...process.env, CI: 'true' },
  });
  const seconds = Math.round((performance.now() - began) / 1_000);
  const result = status === 0 ? 'passed' : 'FAILED';
  console.log(
    `round ${round} of ${rounds} ${result} after ${seconds} s; passed in a row: ${status === 0 ? round : round - 1}`,
  );
  if (status !== 0) {
    process.exitCode = 1;
    break;
  }
}
