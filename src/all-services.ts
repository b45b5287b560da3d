/**
 * What `interface=*` selects: every service under the root, split out of one view of the whole root. A service is known
 * while its key, or any key below it, exists; it has lists of its own, which go when it has gone and that was told.
 */
import type { Entry, EntryChange, FailureFact } from '../machines/index.js';
import { anyValue } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { type KeyLayout, prefixOf } from './key-layout.js';
import { percentDecode } from './percent-coding.js';
import type { Recall, Remembering, Selection, SelectionListener } from './selection.js';
import type { ServiceUrl } from './url.js';
import { UrlList } from './url-list.js';
import type { Position, Staleness, ViewReader } from './view.js';
import type { Views } from './views.js';

interface Service {
  /** The keys at and below the service's path. */
  readonly keys: Set<string>;
  readonly lists: ReadonlyMap<string, UrlList>;
}

export class AllServices implements Selection, Remembering, ViewReader {
  readonly url: ServiceUrl;
  readonly prefixes: readonly string[];
  readonly #layout: KeyLayout;
  readonly #views: Views;
  readonly #listener: SelectionListener;
  readonly #categories: readonly string[];
  readonly #rootPrefix: string;
  readonly #services = new Map<string, Service>();
  readonly #dirty = new Set<UrlList>();
  readonly #gone = new Set<string>();
  readonly #recall: Recall | undefined;
  /** True once the listener was told anything. */
  #isKnown = false;
  /** True once etcd has said anything. */
  #isRead = false;
  #isLive = false;
  #isClosed = false;
  #unrecall: (() => void) | undefined;

  constructor(
    url: ServiceUrl,
    layout: KeyLayout,
    views: Views,
    listener: SelectionListener,
    recall?: Recall,
  ) {
    this.url = url;
    this.#recall = recall;
    this.#layout = layout;
    this.#views = views;
    this.#listener = listener;
    this.#categories = layout.categories(url);
    this.#rootPrefix = prefixOf(layout.root);
    this.prefixes = [this.#rootPrefix];
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  *lists(): IterableIterator<UrlList> {
    for (const { lists } of this.#services.values()) yield* lists.values();
  }

  open(): void {
    this.#views.add(this.#rootPrefix, this);
    if (!this.#isKnown && !this.#isClosed) this.#unrecall = this.#recall?.(this);
  }

  close(): void {
    this.#isClosed = true;
    this.#unrecall?.();
    this.#views.remove(this.#rootPrefix, this);
  }

  resume(): boolean {
    const { settledAt, stale } = this.#views.get(this.#rootPrefix) ?? {};
    if (settledAt === undefined || stale === undefined) return false;
    for (const list of this.lists()) list.resume(settledAt, stale);
    this.#isKnown = true;
    this.#listener.known();
    return true;
  }

  /** What is remembered and no longer there is told to be gone when etcd has answered. */
  remember(urls: readonly ServiceUrl[], staleness: Staleness): void {
    if (this.#isKnown || this.#isRead) return;
    const byService = new Map<string, ServiceUrl[]>();
    for (const url of urls) {
      const name = url.serviceInterface ?? '';
      const own = byService.get(name) ?? [];
      if (name !== '' && name !== anyValue) byService.set(name, own);
      own.push(url);
    }
    for (const [name, own] of byService) {
      const path = this.#layout.servicePathOf(name);
      const service = { keys: new Set<string>(), lists: this.#listsOf(name, path) };
      this.#services.set(path, service);
      for (const list of service.lists.values()) list.remember(own, staleness);
    }
    this.#isKnown = true;
    this.#listener.known();
  }

  replaced(entries: Iterable<Entry>): void {
    this.#isRead = true;
    this.#isLive = false;
    const byList = new Map<UrlList, Entry[]>();
    for (const [path, service] of this.#services) {
      service.keys.clear();
      this.#gone.add(path);
      for (const list of service.lists.values()) byList.set(list, []);
    }
    for (const entry of entries) {
      const place = this.#add(entry.key);
      if (place === undefined) continue;
      for (const list of place.lists.values()) if (!byList.has(list)) byList.set(list, []);
      const list = listFor(place, entry.key);
      if (list !== undefined) byList.get(list)?.push(entry);
    }
    for (const [list, own] of byList) {
      list.replaced(own);
      this.#dirty.add(list);
    }
  }

  changed(changes: readonly EntryChange[]): void {
    this.#isLive = false;
    for (const change of changes) {
      const service = change.type === 'delete' ? this.#drop(change.key) : this.#add(change.key);
      const list = service === undefined ? undefined : listFor(service, change.key);
      if (list === undefined) continue;
      list.changed([change]);
      this.#dirty.add(list);
    }
  }

  settled(position: Position): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    this.#isLive = true;
    for (const list of dirty) list.settled(position);
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#unrecall?.();
      this.#listener.known();
    }
    this.#forgetGone();
  }

  stale(staleness: Staleness): void {
    this.#isLive = false;
    for (const list of this.lists()) {
      list.stale(staleness);
      this.#dirty.add(list);
    }
  }

  denied(failure: FailureFact): void {
    this.#listener.denied(this.#layout.root, failure);
  }

  /** Takes in a key; a service met for the first time gets its lists, all of which will be told. */
  #add(key: string): Service | undefined {
    const name = this.#serviceOf(key);
    if (name === undefined) return undefined;
    const path = this.#layout.servicePathOf(name);
    // Another spelling of the same name: readers of the service do not look there.
    if (key !== path && !key.startsWith(prefixOf(path))) return undefined;
    const known = this.#services.get(path);
    const service = known ?? { keys: new Set<string>(), lists: this.#listsOf(name, path) };
    service.keys.add(key);
    this.#gone.delete(path);
    if (known !== undefined) return known;
    this.#services.set(path, service);
    for (const list of service.lists.values()) this.#dirty.add(list);
    return service;
  }

  #drop(key: string): Service | undefined {
    const path = this.#layout.serviceKeyAbove(key) ?? key;
    const service = this.#services.get(path);
    service?.keys.delete(key);
    if (service?.keys.size === 0) this.#gone.add(path);
    return service;
  }

  /** The service that a key below the root belongs to; undefined, and reported, where its name cannot be read. */
  #serviceOf(key: string): string | undefined {
    const segment = key.slice(this.#rootPrefix.length).split('/', 1)[0] ?? '';
    if (segment === '') return undefined;
    try {
      return percentDecode(segment);
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      this.#listener.undecodable(key, thrown);
      return undefined;
    }
  }

  #listsOf(name: string, path: string): ReadonlyMap<string, UrlList> {
    const url = this.url.withPath(name).withServiceInterface(name).addParameter('check', false);
    const told = {
      settled: (list: UrlList, isNews: boolean) => this.#isKnown && this.#listener.settled(list, isNews),
      stale: (list: UrlList, staleness: Staleness) => this.#isKnown && this.#listener.stale(list, staleness),
      denied: () => {},
      undecodable: (key: string, error: RegistryError) => this.#listener.undecodable(key, error),
    };
    return new Map(
      this.#categories.map((category) => [
        category,
        new UrlList(url, category, `${path}/${category}`, told, this.#rootPrefix),
      ]),
    );
  }

  /** A service that came back before this was told keeps its lists, so that nothing is told in the wrong order. */
  #forgetGone(): void {
    for (const path of this.#gone) {
      const lists = [...(this.#services.get(path)?.lists.values() ?? [])];
      if (lists.some((list) => this.#listener.isPending(list))) continue;
      for (const list of lists) this.#listener.forgotten(list);
      this.#services.delete(path);
      this.#gone.delete(path);
    }
  }
}

/** The list that a key of the service belongs to, by its category. */
function listFor({ lists }: Service, key: string): UrlList | undefined {
  for (const list of lists.values()) if (key.startsWith(prefixOf(list.path))) return list;
  return undefined;
}
