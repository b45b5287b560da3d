/**
 * What one listener was told, checked against the history that really was:
 *
 * - ALWAYS-1, forward only: history and revision never go back.
 * - ALWAYS-2, truth: each view equals what its prefix held at the revision it claims, in some history not before the
 *   last one matched.
 * - ALWAYS-3, never empty by ignorance: follows from ALWAYS-2, because an empty view has to be true like any other.
 */
import type { NotificationInfo, ServiceUrl } from '../../../src/index.js';
import { type Epoch, type History, PrefixState } from './history.js';

export interface ToldView {
  readonly history: number;
  readonly revision: number;
  readonly urls: readonly string[];
}

/** A listener that remembers; its checker has read the views up to `checked`. */
export class Told {
  readonly prefix: string;
  readonly views: ToldView[] = [];
  readonly #found: string[] = [];
  #checked = 0;
  #last: ToldView | undefined;
  #epochIndex = 0;
  #state: PrefixState | undefined;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  readonly listener = (urls: readonly ServiceUrl[], info: NotificationInfo): void => {
    this.views.push({
      history: info.history,
      revision: Number(info.revision),
      urls: urls
        .filter(({ protocol }) => protocol !== 'empty')
        .map(String)
        .sort(),
    });
  };

  /** The URLs told last, sorted; undefined before the first view. */
  get last(): readonly string[] | undefined {
    return this.views.at(-1)?.urls;
  }

  /** Lets go of all views that were checked, but the last. */
  forget(): void {
    const forgotten = Math.max(0, this.#checked - 1);
    this.views.splice(0, forgotten);
    this.#checked -= forgotten;
  }

  /** What is wrong with the views told so far; the history must reach up to the last of them. */
  violations(history: History): readonly string[] {
    for (; this.#checked < this.views.length; this.#checked += 1) {
      const view = this.views[this.#checked];
      if (view !== undefined) this.#check(view, history);
    }
    return this.#found;
  }

  #check(view: ToldView, history: History): void {
    const last = this.#last;
    const wentBack =
      last !== undefined &&
      (view.history < last.history || (view.history === last.history && view.revision < last.revision));
    if (wentBack) this.#found.push(`ALWAYS-1: ${positionOf(view)} was told after ${positionOf(last)}`);
    this.#last = view;
    for (let index = this.#epochIndex; index < history.epochs.length; index += 1) {
      const epoch = history.epochs[index];
      if (epoch === undefined || !this.#isTrue(view, epoch, index)) continue;
      this.#epochIndex = index;
      return;
    }
    const truth = [...this.#urlsAt(history.current, view.revision)];
    this.#found.push(
      `ALWAYS-2: ${positionOf(view)} was told as ${view.urls.join(' ') || 'empty'}, but is ${truth.join(' ') || 'empty'}`,
    );
  }

  #isTrue(view: ToldView, epoch: Epoch, index: number): boolean {
    if (view.revision > epoch.head) return false;
    const state =
      index === this.#epochIndex && this.#state !== undefined
        ? this.#state
        : new PrefixState(epoch, this.prefix);
    const urls = decoded(state.at(view.revision), this.prefix);
    const isEqual = urls.length === view.urls.length && urls.every((url, at) => url === view.urls[at]);
    if (isEqual || index === this.#epochIndex) this.#state = state;
    return isEqual;
  }

  #urlsAt(epoch: Epoch, revision: number): readonly string[] {
    return decoded(new PrefixState(epoch, this.prefix).at(revision), this.prefix);
  }
}

function positionOf({ history, revision }: ToldView): string {
  return `history ${history} revision ${revision}`;
}

const providerUrl = /^dubbo:\/\/[^/:]+:\d+\//;

/** The provider URLs among these keys, sorted; a key that is no URL of ours is left out. */
export function decoded(keys: Iterable<string>, prefix: string): readonly string[] {
  const urls: string[] = [];
  for (const key of keys) {
    try {
      const url = decodeURIComponent(key.slice(prefix.length));
      if (providerUrl.test(url)) urls.push(url);
    } catch {
      // Not percent-encoded text: the product leaves it out as well, and says so.
    }
  }
  return urls.sort();
}
