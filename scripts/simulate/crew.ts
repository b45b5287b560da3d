/** Plays many seeds in several processes, and says how far it came without a gap. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Outcome } from '../../test/simulation/simulation.js';
import type { Played, Range } from './player.js';

/** So many seeds are handed out at a time; so long at most an interruption waits. */
const rangeLength = 5;

/** Most objects of a play die young, and dying in a larger young generation is cheaper. */
const execArgv = [...process.execArgv, '--max-semi-space-size=32'];

export interface Campaign {
  readonly from: number;
  readonly count: number;
  readonly processes: number;
  /** Asked before more seeds are handed out. */
  readonly isOver: () => boolean;
  readonly onPlayed: (seed: number, outcome: Outcome) => void;
  /** Processor seconds that one of the processes has spent so far. */
  readonly onSpent: (process: number, cpuSeconds: number) => void;
}

/** How far a campaign came: all seeds up to `through` were played, and `broken` is the first that broke a promise. */
export interface Reached {
  readonly through: number;
  readonly broken: { readonly seed: number; readonly outcome: Outcome } | undefined;
}

/** Resolves when all seeds were played, the campaign is over, or a promise is broken. */
export async function playSeeds(campaign: Campaign): Promise<Reached> {
  const { from, count, isOver, onPlayed, onSpent } = campaign;
  const played = new Map<number, Outcome>();
  let next = from;
  let isBroken = false;
  const take = (): Range | undefined => {
    const left = from + count - next;
    if (left <= 0 || isBroken || isOver()) return undefined;
    const range = { from: next, count: Math.min(rangeLength, left) };
    next += range.count;
    return range;
  };
  const serve = async (player: ChildProcess, index: number): Promise<void> => {
    for (let range = take(); range !== undefined; range = take()) {
      const { outcomes, cpuSeconds } = await answerTo(player, range);
      onSpent(index, cpuSeconds);
      for (const [offset, outcome] of outcomes.entries()) {
        played.set(range.from + offset, outcome);
        onPlayed(range.from + offset, outcome);
        isBroken ||= outcome.violation !== undefined;
      }
    }
    player.disconnect();
  };
  const crew = Array.from({ length: campaign.processes }, () => fork(entry, { execArgv }));
  await Promise.all(crew.map(serve));
  return reached(from, played);
}

const entry = new URL('./player.ts', import.meta.url);

function answerTo(player: ChildProcess, range: Range): Promise<Played> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a player ended with code ${code}`));
    player.once('exit', onExit);
    player.once('message', (played) => {
      player.off('exit', onExit);
      resolve(played as Played);
    });
    player.send(range);
  });
}

function reached(from: number, played: ReadonlyMap<number, Outcome>): Reached {
  const seeds = [...played.keys()].sort((a, b) => a - b);
  let through = from - 1;
  while (played.has(through + 1)) through += 1;
  for (const seed of seeds) {
    const outcome = played.get(seed);
    if (outcome?.violation !== undefined) return { through, broken: { seed, outcome } };
  }
  return { through, broken: undefined };
}
