/** The views of one registry, one per prefix, shared by everybody who reads it; a prefix is watched while it has readers. */
import type { WatcherHubNews } from '../machines/index.js';
import type { Engine } from './compose.js';
import { View, type ViewReader } from './view.js';
import type { Clock } from './world.js';

export class Views {
  readonly #engine: Pick<Engine, 'watch' | 'unwatch'>;
  readonly #clock: Clock;
  readonly #views = new Map<string, View>();

  constructor(engine: Pick<Engine, 'watch' | 'unwatch'>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  get(prefix: string): View | undefined {
    return this.#views.get(prefix);
  }

  /** Adds a reader; it gets at once what is known, settled or not. Each is said to watch, so that what was denied is asked for again. */
  add(prefix: string, reader: ViewReader): void {
    const view = this.#views.get(prefix) ?? new View(prefix);
    this.#views.set(prefix, view);
    this.#engine.watch(prefix);
    view.add(reader);
  }

  /** The last reader takes the view with it. */
  remove(prefix: string, reader: ViewReader): void {
    const view = this.#views.get(prefix);
    if (view?.remove(reader) !== true) return;
    if (view.readerCount === 0) this.#views.delete(prefix);
    this.#engine.unwatch(prefix);
  }

  /** Patches the view that the news is about. */
  handle(news: WatcherHubNews): View | undefined {
    const view = this.#views.get(news.prefix);
    view?.apply(news, this.#clock.now());
    return view;
  }

  /** Forgets everything; the watchers end with the engine. */
  clear(): void {
    this.#views.clear();
  }
}
