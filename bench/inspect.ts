/**
 * What looking costs, as multiples of the same work that nobody ever looked at. Run with `npm run bench:inspect`. The
 * work: registering and withdrawing on an in-memory etcd in this process, in processor time, so that other programs on
 * the machine hardly count. The first line compares the work with itself, and so shows the noise.
 */
import { createRegistry, type Registry } from '../src/index.js';
import { observe, startInspector } from '../src/inspect/index.js';
import { startMemoryEtcd } from '../src/testing/index.js';
import { openFeed } from '../test/support/feed.js';

const rounds = 15;
const count = 150;

const etcd = await startMemoryEtcd();

/** Puts somebody, or nobody, before a registry; returns what takes him away again. */
type Looking = (registry: Registry) => Promise<() => Promise<void> | void>;

const ways: Readonly<Record<string, Looking>> = {
  'nobody, once more': async () => () => {},
  'somebody looked and is gone': async (registry) => {
    observe(registry, () => {})();
    const inspector = await startInspector(registry);
    await inspector.close();
    return () => {};
  },
  'an observer that does nothing': async (registry) => observe(registry, () => {}),
  'an observer that reads all': async (registry) => observe(registry, (each) => void JSON.stringify(each)),
  'the offline inspector, no page open': async (registry) => {
    const inspector = await startInspector(registry);
    return () => inspector.close();
  },
  'the offline inspector, one page open': async (registry) => {
    const inspector = await startInspector(registry);
    const feed = await openFeed(inspector.url);
    return () => {
      feed.close();
      return inspector.close();
    };
  },
};

/** Registers and withdraws one by one; the processor time in milliseconds. */
async function costOf(look: Looking): Promise<number> {
  const registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false`);
  const leave = await look(registry);
  const before = process.cpuUsage();
  for (let serial = 0; serial < count; serial += 1) {
    const registration = await registry.register(`dubbo://10.0.0.1:${20_000 + serial}/com.acme.Orders`);
    await registration.close();
  }
  const { user, system } = process.cpuUsage(before);
  await leave();
  await registry.close();
  return (user + system) / 1_000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const costs = new Map<string, number[]>(['nobody', ...Object.keys(ways)].map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, spent] of costs) {
    const cost = await costOf(ways[name] ?? (async () => () => {}));
    // The first round warms up.
    if (round > 0) spent.push(cost);
  }
}
const floor = median(costs.get('nobody') ?? []);
console.log(`${(floor / count).toFixed(2)} ms for one registration and its withdrawal while nobody looks`);
for (const name of Object.keys(ways)) {
  console.log(`${(median(costs.get(name) ?? []) / floor).toFixed(2)} times that: ${name}`);
}
await etcd.stop();
