/** Views without an etcd: what watchers would tell is told by the test. */
import type { EntryChange } from '../../machines/index.js';
import { Views } from '../../src/views.js';
import { realWorld } from '../../src/world.js';

export class WatchedPrefixes {
  readonly #users = new Map<string, number>();
  readonly views: Views = new Views(
    {
      watch: (prefix) => void this.#users.set(prefix, this.users(prefix) + 1),
      unwatch: (prefix) => void this.#users.set(prefix, this.users(prefix) - 1),
    },
    realWorld.clock,
  );
  #revision = 1;

  /** The prefixes watched now. */
  get watched(): readonly string[] {
    return [...this.#users.keys()].filter((prefix) => this.users(prefix) > 0);
  }

  /** How many watch the prefix. */
  users(prefix: string): number {
    return this.#users.get(prefix) ?? 0;
  }

  /** The whole content of the prefix, which is followed from now on. */
  list(prefix: string, keys: readonly string[]): void {
    this.#list(prefix, keys, 0);
    this.live(prefix);
  }

  /** The prefix is empty, but only because it was wiped. */
  wipe(prefix: string): void {
    this.stale(prefix, 'the link broke');
    this.#list(prefix, [], 1);
  }

  put(prefix: string, ...keys: readonly string[]): void {
    this.#change(
      prefix,
      keys.map((key) => ({ type: 'put', ...this.#entry(key) })),
    );
  }

  delete(prefix: string, ...keys: readonly string[]): void {
    this.#change(
      prefix,
      keys.map((key) => ({ type: 'delete', key, modRevision: `${this.#revision + 1}` })),
    );
  }

  deny(prefix: string): void {
    this.views.handle({ type: 'watcher.denied', prefix, failure: { kind: 'denied', message: 'no' } });
  }

  live(prefix: string): void {
    this.views.handle({ type: 'watcher.live', prefix });
  }

  stale(prefix: string, reason: string): void {
    this.views.handle({ type: 'watcher.stale', prefix, reason });
  }

  #list(prefix: string, keys: readonly string[], history: number): void {
    this.#revision += 1;
    const entries = keys.map((key) => this.#entry(key));
    this.views.handle({ type: 'watcher.listed', prefix, history, revision: `${this.#revision}`, entries });
  }

  #change(prefix: string, changes: readonly EntryChange[]): void {
    this.#revision += 1;
    this.views.handle({ type: 'watcher.changed', prefix, revision: `${this.#revision}`, changes });
  }

  #entry(key: string): {
    key: string;
    value: string;
    createRevision: string;
    modRevision: string;
    leaseId: string;
  } {
    const revision = `${this.#revision}`;
    return { key, value: '1', createRevision: revision, modRevision: revision, leaseId: '0' };
  }
}

/** The key of a URL under `/dubbo`. */
export function keyOf(service: string, url: string, category = 'providers'): string {
  return `/dubbo/${service}/${category}/${encodeURIComponent(url)}`;
}
