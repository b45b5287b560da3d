/** One seed: deals operations to the in-memory etcd and to a real one, until all are done or something differs. */
import { startMemoryEtcd } from '../../src/testing/index.js';
import { startEtcd } from '../../test/support/real-etcd.js';
import { Comparison, Difference } from './comparison.js';
import { Dealer } from './dealer.js';
import { Dice } from './dice.js';
import type { World } from './requests.js';
import { Side } from './side.js';

/** How often what watchers were told is compared. */
const opsPerSettling = 25;

/** How much of the past is told with a difference. */
const linesMax = 60;

export interface Trial {
  readonly operations: number;
  /** How often what was met, by name: kinds of operations, and what they led to. */
  readonly counts: Readonly<Record<string, number>>;
  /** What differed and what led to it, in lines; undefined when nothing did. */
  readonly difference: string | undefined;
}

export async function runTrial(seed: number, ops: number): Promise<Trial> {
  await using etcd = await startMemoryEtcd();
  await using realEtcd = await startEtcd();
  const memory = new Side('memory', { endpoint: etcd.endpoint, restart: () => etcd.restart() });
  const real = new Side('real', { endpoint: realEtcd.endpoint, restart: () => realEtcd.restart() });
  await Promise.all([memory.open(), real.open()]);
  const comparison = new Comparison(memory, real);
  const look = (): { head: number; watchers: number } => ({
    head: Number(etcd.revision),
    watchers: etcd.watcherCount,
  });
  try {
    await play(comparison, new Dealer(new Dice(seed)), { ops, look });
    return { operations: ops, counts: comparison.counts, difference: undefined };
  } catch (thrown) {
    if (!(thrown instanceof Difference)) throw thrown;
    const lines = [...comparison.history.slice(-linesMax), thrown.message];
    const operations = comparison.history.length / 2;
    return { operations, counts: comparison.counts, difference: lines.join('\n') };
  } finally {
    memory.close();
    real.close();
  }
}

async function play(
  comparison: Comparison,
  dealer: Dealer,
  { ops, look }: { readonly ops: number; readonly look: () => Pick<World, 'head' | 'watchers'> },
): Promise<void> {
  let deletion = 1;
  for (let done = 1; done <= ops; done++) {
    const operation = dealer.deal({ ...look(), compacted: comparison.compacted, deletion });
    const answer = await comparison.step(operation);
    if (operation.kind === 'delete' && Number(answer.deleted) > 0) deletion = Number(answer.revision);
    if (done % opsPerSettling === 0) await comparison.settle();
  }
  await comparison.settle();
}
