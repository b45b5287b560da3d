/** One process that plays seeds: takes a range, answers with what came of each seed, and waits for the next range. */
import { type Outcome, play } from '../../test/simulation/simulation.js';
import { storyOf } from '../../test/simulation/story.js';

/** Seeds `from` to `from + count - 1`. */
export interface Range {
  readonly from: number;
  readonly count: number;
}

/** Ends with the first broken promise, or with the range. */
export interface Played {
  readonly range: Range;
  readonly outcomes: readonly Outcome[];
  /** What this process has spent since it began. */
  readonly cpuSeconds: number;
}

async function playAll(range: Range): Promise<Played> {
  const outcomes: Outcome[] = [];
  for (let seed = range.from; seed < range.from + range.count; seed += 1) {
    const outcome = await play(storyOf(seed));
    outcomes.push(outcome);
    if (outcome.violation !== undefined) break;
  }
  const { user, system } = process.cpuUsage();
  return { range, outcomes, cpuSeconds: (user + system) / 1e6 };
}

// Who interrupts the campaign is answered by its parent, which waits for the ranges that were handed out.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
process.on('message', (range: Range) => {
  void playAll(range).then((played) => process.send?.(played));
});
