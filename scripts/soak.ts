/**
 * Random faults every few seconds, for as long as asked: `npm run soak -- --minutes 10 [--seed 1]`. 200 registrations,
 * 50 subscriptions and strangers who write as well, on a real etcd behind a proxy. Exits 1 when anything that has to
 * hold did not. The seed decides which faults come; how they meet with what is under way is up to the machine.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { watcherCount } from '../test/faults/support/metrics.js';
import { Witness } from '../test/faults/support/witness.js';
import { connectControl } from '../test/support/control-client.js';
import { startProxy } from '../test/support/proxy.js';
import { startEtcd } from '../test/support/real-etcd.js';
import { Dice } from './differential/dice.js';
import { gather } from './soak/company.js';
import { type Scene, strike } from './soak/faults.js';
import { Judge, unsettled, wrongViews } from './soak/judge.js';

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? 10);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes needs a number above 0, --seed a whole number');

/** After this the company should have recovered from whatever happened. */
const recoveryMsMax = 30_000;

const judge = new Judge();
for (const event of ['unhandledRejection', 'uncaughtException', 'warning'] as const) {
  process.on(event as 'warning', (reason) => judge.violations.push(`ALWAYS-10: ${event}: ${String(reason)}`));
}

const etcd = await startEtcd();
const proxy = await startProxy(etcd.endpoint);
const control = connectControl(etcd.endpoint);
const witness = new Witness(etcd.endpoint);
await witness.caughtUp(control);
const company = await gather(proxy.endpoint.replace('http://', ''), control);
const scene: Scene = { etcd, proxy, control, witness, company, dice: new Dice(seed) };

console.log(`soak: ${minutes} minutes, seed ${seed}`);
await recovered();
await report('at the start');

let isOver = false;
const [strangersDice, wishesDice] = [new Dice(seed + 1), new Dice(seed + 2)];
const background = [
  repeat(20, () => company.strangers.change(strangersDice)),
  repeat(400, () => company.provider.change(wishesDice, company.urls)),
];
const recoveries: number[] = [];
const counts = new Map<string, number>();
const end = performance.now() + minutes * 60_000;
// Until then Node compiles, and pools fill up; from then on nothing may grow.
let warmAt = performance.now() + 60_000;
while (performance.now() < end && judge.violations.length === 0) {
  const name = await strike(scene);
  counts.set(name, (counts.get(name) ?? 0) + 1);
  recoveries.push(await recovered(name));
  await judge.judge(scene);
  if (performance.now() > warmAt) {
    await report('after a minute');
    warmAt = Number.POSITIVE_INFINITY;
  }
  await pause(scene.dice.integer(500, 3_000));
}
isOver = true;
await Promise.all(background);
await recovered();
await judge.judge(scene);
const until = performance.now() + recoveryMsMax;
let wrong = await wrongViews(scene);
while (wrong.length > 0 && performance.now() < until) {
  await pause(100);
  wrong = await wrongViews(scene);
}
judge.violations.push(...wrong.map((each) => `EVENTUALLY-1: ${each}`));
await report('at the end');
// What is judged is not needed any more; what remains is the company's.
for (const { events } of witness.history.epochs) events.length = 0;
await report('at the end, the history forgotten');

recoveries.sort((a, b) => a - b);
const [p50, p99] = [0.5, 0.99].map((share) => recoveries[Math.floor((recoveries.length - 1) * share)] ?? 0);
console.log(`faults: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`);
console.log(
  `recovered after: p50 ${p50} ms, p99 ${p99} ms, of ${recoveries.length}; views judged: ${judge.viewCount}`,
);
for (const violation of judge.violations.slice(0, 20)) console.log(violation);
console.log(`${judge.violations.length} violations`);
process.exitCode = judge.violations.length > 0 || recoveries.length === 0 ? 1 : 0;

await Promise.all([company.provider.registry.close(), company.consumer.close()]);
witness.close();
control.close();
proxy.close();
await etcd.stop();

/** How long the company took, in milliseconds; a violation when it takes too long. */
async function recovered(after = 'the start'): Promise<number> {
  const began = performance.now();
  for (;;) {
    const reason = await unsettled(scene).catch(String);
    const ms = Math.round(performance.now() - began);
    if (reason === undefined) return ms;
    if (ms > recoveryMsMax) {
      judge.violations.push(`EVENTUALLY-1: ${recoveryMsMax} ms after ${after}, ${reason}`);
      return ms;
    }
    await pause(20);
  }
}

async function repeat(everyMs: number, act: () => Promise<void>): Promise<void> {
  while (!isOver) {
    await act();
    await pause(everyMs);
  }
}

/** Timers and requests come and go; what is there all the time is the fewest of many looks. */
async function quietHandles(): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 40; look += 1) {
    fewest = Math.min(fewest, process.getActiveResourcesInfo().length);
    await pause(25);
  }
  return fewest;
}

async function report(when: string): Promise<void> {
  globalThis.gc?.();
  const heapMb = (process.memoryUsage().heapUsed / 1_048_576).toFixed(1);
  const handles = await quietHandles();
  const events = witness.history.epochs.reduce((sum, epoch) => sum + epoch.events.length, 0);
  const watchers = await watcherCount(etcd.endpoint);
  console.log(
    `${when}: heap ${heapMb} MB (with a history of ${events} events), ${handles} handles, ${watchers} watchers in etcd`,
  );
}
