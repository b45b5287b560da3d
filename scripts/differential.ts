/**
 * Does the same random operations on the in-memory etcd and on a real one and compares every answer and every watch event.
 * Prints the first difference with what led to it and exits 1; exits 0 only when there was none.
 *
 *     npm run test:differential -- --seed 7 --ops 2000
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMemoryEtcd } from '../src/testing/index.js';
import { locateEtcd } from '../test/support/etcd-binary.js';
import { startEtcd } from '../test/support/real-etcd.js';
import { type Parting, relationOf, sameAnswer } from './differential/compare.js';
import { Dealer, type World } from './differential/dealer.js';
import { Dice } from './differential/dice.js';
import type { Operation } from './differential/operations.js';
import { show } from './differential/show.js';
import { type Answer, Side } from './differential/side.js';
import type { Told, WatchLog } from './differential/watch-log.js';

/** How long one side may lag behind the other with its events. etcd feeds watchers of the past every 100 ms. */
const lagMsMax = 5000;
/** After this long etcd has fed every watcher (100 ms), also those with nothing to be told, and its last write is on disk (100 ms). */
const quietMs = 250;
/** How much of the past is printed with a difference. */
const historyShown = 60;

class Difference extends Error {}

class Comparison {
  readonly counts: Record<string, number> = {
    refusals: 0,
    events: 0,
    caughtUp: 0,
    fullBatches: 0,
    fragments: 0,
  };
  readonly #memory: Side;
  readonly #real: Side;
  readonly #history: string[] = [];

  constructor(memory: Side, real: Side) {
    this.#memory = memory;
    this.#real = real;
  }

  get history(): readonly string[] {
    return this.#history;
  }

  /** Does one operation on both sides; answers what both answered. */
  async step(operation: Operation): Promise<Answer> {
    const quiet = operation.kind === 'watch' && operation.quiet;
    if (operation.kind === 'compact' || operation.kind === 'restart') await pause(quietMs);
    if (quiet || disturbs(operation)) await this.settle();
    this.#history.push(show(operation));
    const [memory, real] = await Promise.all([
      this.#memory.perform(operation),
      this.#real.perform(operation),
    ]);
    this.#history.push(`  ${show(memory)}`);
    this.#count(operation.kind);
    if ('code' in memory) this.#count('refusals');
    if (!sameAnswer(operation, memory, real))
      throw new Difference(`the answers differ:\n  memory ${show(memory)}\n  real   ${show(real)}`);
    if (quiet) await this.settle({ stream: operation.stream, watcher: memory.answers?.[0]?.watch_id });
    return memory;
  }

  /**
   * Waits until both sides were told the same on every stream, and takes it away. A watcher created while nothing else goes
   * on has to be told the same messages, others only the same events: how those are bundled depends on when they are fed.
   */
  async settle(undisturbed?: {
    readonly stream: number;
    readonly watcher: string | undefined;
  }): Promise<void> {
    for (const [index, memory] of this.#memory.logs.entries()) {
      const real = this.#real.logs[index];
      if (!real) throw new Error(`the real side has no stream ${index}`);
      const exactly = undisturbed?.stream === index ? undisturbed.watcher : undefined;
      const deadline = Date.now() + lagMsMax;
      for (;;) {
        const late = Date.now() > deadline;
        if (memory.eventCount !== real.eventCount && !late) {
          await Promise.race([memory.change(), real.change(), pause(100)]);
          continue;
        }
        const [relation, ...partings] = relationOf(memory, real, exactly);
        if (relation === 'same') break;
        if (relation === 'different' || Date.now() > deadline)
          throw new Difference(partingText(index, partings));
        await Promise.race([memory.change(), real.change(), pause(100)]);
      }
      this.#countTold([...real.untaken.values()].flat());
      if (exactly !== undefined && isCut(memory, exactly) && !isCut(real, exactly)) this.#count('uncut');
      memory.take();
      real.take();
    }
  }

  #countTold(told: Iterable<Told>): void {
    for (const { events, fragment, header } of told) {
      const revisions = new Set(events.map(({ kv }) => kv.mod_revision));
      this.#count('events', events.length);
      if (events.length > 0 && !revisions.has(header.revision)) this.#count('caughtUp');
      if (revisions.size === 1000) this.#count('fullBatches');
      if (fragment) this.#count('fragments');
    }
  }

  #count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
}

function isCut({ untaken }: WatchLog, watcher: string): boolean {
  return untaken.get(watcher)?.some(({ fragment }) => fragment) ?? false;
}

function partingText(stream: number, partings: readonly Parting[]): string {
  const lines = partings.map(
    ({ watcher, index, one, other }) =>
      `  watcher ${watcher}, part ${index}:\n    memory ${show(one)}\n    real   ${show(other)}`,
  );
  return `the watchers of stream ${stream} were told different things:\n${lines.join('\n')}`;
}

/** True when events still under way would be told differently, or not at all, after the operation. */
function disturbs({ kind }: Operation): boolean {
  return kind === 'compact' || kind === 'unwatch' || kind === 'reopen' || kind === 'restart';
}

async function compare(seed: number, ops: number): Promise<void> {
  await using etcd = await startMemoryEtcd();
  await using realEtcd = await startEtcd();
  const memory = new Side('memory', { endpoint: etcd.endpoint, restart: () => etcd.restart() });
  const real = new Side('real', { endpoint: realEtcd.endpoint, restart: () => realEtcd.restart() });
  await Promise.all([memory.open(), real.open()]);
  const comparison = new Comparison(memory, real);
  const dealer = new Dealer(new Dice(seed));
  let compacted = 0;
  let deletion = 1;
  try {
    for (let done = 0; done < ops; done++) {
      const world: World = { head: Number(etcd.revision), compacted, watchers: etcd.watcherCount, deletion };
      const operation = dealer.deal(world);
      const answer = await comparison.step(operation);
      if (operation.kind === 'compact' && !('code' in answer)) compacted = operation.revision;
      if (operation.kind === 'delete' && Number(answer.deleted) > 0) deletion = Number(answer.revision);
      if (done % 25 === 24) await comparison.settle();
    }
    await pause(300);
    await comparison.settle();
    console.log(`seed ${seed}: ${ops} operations, no difference ${JSON.stringify(comparison.counts)}`);
  } catch (thrown) {
    if (!(thrown instanceof Difference)) throw thrown;
    console.log(comparison.history.slice(-historyShown).join('\n'));
    console.log(`seed ${seed}, after ${comparison.history.length / 2} operations: ${thrown.message}`);
    process.exitCode = 1;
  } finally {
    memory.close();
    real.close();
  }
}

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, ops: { type: 'string', default: '2000' } },
});
if (locateEtcd() !== undefined) await compare(Number(values.seed), Number(values.ops));
else {
  console.log('there is no etcd on the PATH to compare with');
  process.exitCode = 1;
}
