/** The names directly below one path, told to one listener: whole, in order, the latest only. */
import type { Entry, EntryChange, FailureFact } from '../machines/index.js';
import { childOf } from './key-layout.js';
import type { ViewReader } from './view.js';
import type { Clock } from './world.js';

/** Hears all names directly below a path, sorted; deeper keys do not count. */
export type ChildListener = (path: string, children: readonly string[]) => unknown;

interface ChildListEvents {
  /** The first content is known. */
  known(): void;
  denied(failure: FailureFact): void;
  listenerError(error: unknown): void;
}

export class ChildList implements ViewReader {
  readonly path: string;
  readonly #listener: ChildListener;
  readonly #events: ChildListEvents;
  readonly #clock: Clock;
  readonly #names = new Set<string>();
  #told: string | undefined;
  #unschedule: (() => void) | undefined;
  #isClosed = false;

  constructor(path: string, listener: ChildListener, events: ChildListEvents, clock: Clock) {
    this.path = path;
    this.#listener = listener;
    this.#events = events;
    this.#clock = clock;
  }

  children(): readonly string[] {
    return [...this.#names].sort();
  }

  /** The listener is not called after this. */
  close(): void {
    this.#isClosed = true;
    this.#unschedule?.();
  }

  replaced(entries: Iterable<Entry>): void {
    this.#names.clear();
    for (const { key } of entries) this.#add(key);
  }

  changed(changes: readonly EntryChange[]): void {
    for (const change of changes) {
      if (change.type === 'put') this.#add(change.key);
      else this.#names.delete(childOf(this.path, change.key) ?? '');
    }
  }

  settled(): void {
    const content = JSON.stringify(this.children());
    if (this.#told === undefined) {
      this.#told = content;
      this.#events.known();
    } else if (content !== this.#told) {
      this.#unschedule ??= this.#clock.soon(() => this.#tell());
    }
  }

  stale(): void {}

  denied(failure: FailureFact): void {
    this.#events.denied(failure);
  }

  #add(key: string): void {
    const name = childOf(this.path, key);
    if (name !== undefined) this.#names.add(name);
  }

  #tell(): void {
    this.#unschedule = undefined;
    const children = this.children();
    if (this.#isClosed || JSON.stringify(children) === this.#told) return;
    this.#told = JSON.stringify(children);
    void (async () => this.#listener(this.path, children))().catch((error: unknown) =>
      this.#events.listenerError(error),
    );
  }
}
