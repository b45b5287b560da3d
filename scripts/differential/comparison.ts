/** Two etcds side by side: does each operation on both and sees that they answer and tell the same. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Parting, relationOf, sameAnswer } from './compare.js';
import type { Operation } from './operations.js';
import { show } from './show.js';
import type { Answer, Side } from './side.js';
import type { Told, WatchLog } from './watch-log.js';

/** How long one side may lag behind the other with its events. etcd feeds watchers of the past every 100 ms. */
const lagMsMax = 5000;

/** After this long etcd has its last write on disk (100 ms). */
const diskMs = 250;

/** The two sides answered, or told, different things. */
export class Difference extends Error {}

export class Comparison {
  readonly counts: Record<string, number> = {
    answers: 0,
    refusals: 0,
    events: 0,
    caughtUp: 0,
    fullBatches: 0,
    fragments: 0,
  };
  readonly #memory: Side;
  readonly #real: Side;
  readonly #history: string[] = [];
  /** By stream, the lowest start of the watchers that may still be told something of the past. */
  readonly #behind = new Map<number, number>();
  #compacted = 0;

  constructor(memory: Side, real: Side) {
    this.#memory = memory;
    this.#real = real;
  }

  get history(): readonly string[] {
    return this.#history;
  }

  /** The revision of the last compaction. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Does one operation on both sides; answers what both answered. */
  async step(operation: Operation): Promise<Answer> {
    const quiet = operation.kind === 'watch' && operation.quiet;
    if (operation.kind === 'restart') await pause(diskMs);
    if (quiet || disturbs(operation)) await this.settle();
    this.#history.push(show(operation));
    const [memory, real] = await Promise.all([
      this.#memory.perform(operation),
      this.#real.perform(operation),
    ]);
    this.#history.push(`  ${show(memory)}`);
    this.#count(operation.kind);
    this.#count('answers');
    if ('code' in memory) this.#count('refusals');
    if (!sameAnswer(operation, memory, real))
      throw new Difference(`the answers differ:\n  memory ${show(memory)}\n  real   ${show(real)}`);
    this.#note(operation, memory);
    if (quiet) await this.settle({ stream: operation.stream, watcher: memory.answers?.[0]?.watch_id });
    return memory;
  }

  #note(operation: Operation, answer: Answer): void {
    if (operation.kind === 'compact' && !('code' in answer)) this.#compacted = operation.revision;
    if (operation.kind !== 'watch') return;
    const { stream, request } = operation;
    const start = Number(request.start_revision ?? 0);
    const head = Number(answer.answers?.[0]?.header.revision);
    if (start > 0 && start <= head)
      this.#behind.set(stream, Math.min(start, this.#behind.get(stream) ?? start));
  }

  async #feed(): Promise<void> {
    for (const [stream, start] of this.#behind) {
      const logs = [this.#memory.logs[stream], this.#real.logs[stream]];
      await Promise.all(logs.map((log) => log?.fed(start, this.#compacted)));
    }
    this.#behind.clear();
  }

  /**
   * Waits until both sides were told the same, all there is, on every stream, and takes it away. A watcher created while nothing else goes
   * on has to be told the same messages, others only the same events: how those are bundled depends on when they are fed.
   */
  async settle(undisturbed?: {
    readonly stream: number;
    readonly watcher: string | undefined;
  }): Promise<void> {
    await this.#feed();
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
