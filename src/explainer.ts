/** Reads what an explanation is made of: everything at and below one service, once; or what is followed, without etcd. */
import type { Engine } from './compose.js';
import { anyValue } from './dubbo-names.js';
import { isRegistryError, RegistryError } from './errors.js';
import { type Explanation, explain } from './explanation.js';
import { type KeyLayout, prefixOf } from './key-layout.js';
import type { Waiters } from './patience.js';
import { readerOf, readPrefix } from './prefix-read.js';
import type { ServiceUrl } from './url.js';
import type { Staleness } from './view.js';
import type { Views } from './views.js';
import type { Clock } from './world.js';

interface Surroundings {
  readonly engine: Engine;
  readonly views: Views;
  readonly layout: KeyLayout;
  readonly clock: Clock;
  /** Who waits ends with these. */
  readonly waiters: Waiters;
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
      const doing = `cannot explain ${url.toString()}`;
      // Without a slash, so that the service's own key is among them; neighbours with longer names are passed over.
      keys = await readPrefix(this.#surroundings, layout.servicePath(url), { ...options, doing });
    } catch (error) {
      const isEnded = options.signal?.aborted === true || isRegistryError(error, 'CLOSED');
      const followed = isEnded ? undefined : this.#followed(url);
      if (followed === undefined) throw error;
      keys = followed;
    }
    return explain(url, layout, keys, this.#stalenessOf(url));
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
