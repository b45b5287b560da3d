/** What was asked of a process, and what its listeners were told. */
import type { Consumed } from './catalogue.js';
import type { Placed, Told } from './guarantees.js';

/** What was last asked for one key. */
export interface Wish {
  readonly is: 'registered' | 'withdrawn';
  readonly sinceMs: number;
  /** The withdrawal has resolved. */
  isGone: boolean;
}

export interface Listening {
  readonly consumed: Consumed;
  /** What it took without throwing, by prefix. */
  readonly last: Map<string, Told>;
  /** What it was told, by prefix. */
  readonly placed: Map<string, Placed>;
  isOpen: boolean;
  callCount: number;
  stop: () => void;
}

/** The keys that are wanted to be registered. */
export function wantedIn(wishes: ReadonlyMap<string, Wish>): readonly string[] {
  return [...wishes].filter(([, { is }]) => is === 'registered').map(([key]) => key);
}
