/** Makes a failing story short: takes away faults and deeds as long as the same promise is still broken (ddmin). */
import { type PlayOptions, play } from './simulation.js';
import type { Story } from './story.js';

/** The shortest story found that breaks the same guarantee, and how many plays it took. */
export async function shrink(
  story: Story,
  guarantee: string,
  options: PlayOptions = {},
  playsMax = 400,
): Promise<{ readonly story: Story; readonly plays: number }> {
  let plays = 0;
  let best = story;
  const breaks = async (candidate: Story): Promise<boolean> => {
    if (plays >= playsMax) return false;
    plays += 1;
    const { violation } = await play(candidate, { ...options, mustWork: false });
    return violation?.guarantee === guarantee;
  };
  const shorten = async <Item>(
    items: readonly Item[],
    told: (items: readonly Item[]) => Story,
  ): Promise<void> => {
    const kept = await minimal(items, (some) => breaks(told(some)));
    best = told(kept);
  };
  for (let before = -1; before !== lengthOf(best); ) {
    before = lengthOf(best);
    await shorten(best.faults, (faults) => ({ ...best, faults }));
    await shorten(best.workload, (workload) => ({ ...best, workload }));
  }
  return { story: best, plays };
}

function lengthOf({ faults, workload }: Story): number {
  return faults.length + workload.length;
}

/** A sublist that still fails and of which no single chunk that was tried can be left out. */
async function minimal<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  if (items.length > 0 && (await fails([]))) return [];
  let kept = items;
  for (let chunk = Math.ceil(kept.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let from = 0; from < kept.length; ) {
      const without = [...kept.slice(0, from), ...kept.slice(from + chunk)];
      if (without.length < kept.length && (await fails(without))) kept = without;
      else from += chunk;
    }
  }
  return kept;
}
