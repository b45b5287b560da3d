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

  /** Adds a reader; it gets at once what is known, settled or not. */
  add(prefix: string, reader: ViewReader): void {
    this.#viewOf(prefix).add(reader);
  }

  /** The last reader takes the view with it. */
  remove(prefix: string, reader: ViewReader): void {
    const view = this.#views.get(prefix);
    view?.remove(reader);
    if (view?.readerCount !== 0) return;
    this.#views.delete(prefix);
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

  #viewOf(prefix: string): View {
    const known = this.#views.get(prefix);
    if (known !== undefined) return known;
    const view = new View(prefix);
    this.#views.set(prefix, view);
    this.#engine.watch(prefix);
    return view;
  }
}
