/** Reads what an explanation is made of: everything at and below one service, once; or what is followed, without etcd. */
import type { Engine } from './compose.js';
import { anyValue } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { type Explanation, explain } from './explanation.js';
import { errorFrom } from './failure-error.js';
import { type KeyLayout, prefixOf } from './key-layout.js';
import { overdueError } from './overdue.js';
import { waitWith } from './patience.js';
import type { ServiceUrl } from './url.js';
import type { Staleness, ViewReader } from './view.js';
import type { Views } from './views.js';
import type { Clock } from './world.js';

interface Surroundings {
  readonly engine: Engine;
  readonly views: Views;
  readonly layout: KeyLayout;
  readonly clock: Clock;
}

type Keys = readonly { readonly key: string }[];

export class Explainer {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Rejects when etcd does not answer within `timeoutMs` and nothing of it is followed here. */
  async explain(
    url: ServiceUrl,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<Explanation> {
    const { layout } = this.#surroundings;
    if (url.serviceInterface === anyValue) {
      const reason = 'all services at once cannot be explained';
      throw new RegistryError(
        'INVALID_URL',
        `cannot explain ${url.toString()}: ${reason}; name one interface`,
        {
          reason,
          text: url.toFullString(),
        },
      );
    }
    let keys: Keys;
    try {
      keys = await this.#read(layout.servicePath(url), `cannot explain ${url.toString()}`, options);
    } catch (error) {
      const followed = options.signal?.aborted === true ? undefined : this.#followed(url);
      if (followed === undefined) throw error;
      keys = followed;
    }
    return explain(url, layout, keys, this.#stalenessOf(url));
  }

  /** All keys that begin with the service's path; neighbours with longer names among them. */
  async #read(
    path: string,
    doing: string,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<Keys> {
    const { engine, views, clock } = this.#surroundings;
    let keys: Keys = [];
    let leave = (): void => {};
    const overdue = (): RegistryError => overdueError(engine, { doing, timeoutMs }, [path]);
    try {
      await waitWith({ clock, doing, signal, timeoutMs, overdue }, (waiter) => {
        const reader = readerOf({
          replaced: (entries) => {
            keys = [...entries];
          },
          settled: () => waiter.resolve(),
          denied: (failure) => waiter.reject(errorFrom(doing, failure, { key: path })),
        });
        leave = () => views.remove(path, reader);
        views.add(path, reader);
      });
      return keys;
    } finally {
      leave();
    }
  }

  /** What subscriptions of this process were last told; undefined where there are none. */
  #followed(url: ServiceUrl): Keys | undefined {
    const { views, layout } = this.#surroundings;
    let keys: Keys | undefined;
    for (const path of layout.categoryPaths(url)) {
      const prefix = prefixOf(path);
      if (views.get(prefix)?.position === undefined) continue;
      const reader = readerOf({
        replaced: (entries) => {
          keys = [...(keys ?? []), ...entries];
        },
      });
      views.add(prefix, reader);
      views.remove(prefix, reader);
    }
    return keys;
  }

  #stalenessOf(url: ServiceUrl): Staleness | null {
    const { views, layout } = this.#surroundings;
    for (const path of layout.categoryPaths(url)) {
      const stale = views.get(prefixOf(path))?.stale;
      if (stale !== undefined) return stale;
    }
    return null;
  }
}

function readerOf(part: Partial<ViewReader>): ViewReader {
  const ignore = (): void => {};
  return { replaced: ignore, changed: ignore, settled: ignore, stale: ignore, denied: ignore, ...part };
}
