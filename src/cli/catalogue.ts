/** Everything under one root, read once and sorted: who is registered where, and what cannot be told. */
import type { Entry } from '../../machines/index.js';
import { RegistryError } from '../errors.js';
import type { EtcdClient } from '../etcd-client.js';
import { type KeyLayout, prefixOf } from '../key-layout.js';
import { percentDecode } from '../percent-coding.js';
import { shownKey } from '../shown-key.js';
import type { ServiceUrl } from '../url.js';
import { urlOfChild } from '../url-match.js';
import type { Call } from './command.js';

/** One registered URL. */
export interface Registered {
  readonly key: string;
  readonly service: string;
  readonly category: string;
  readonly url: ServiceUrl;
  /** Decimal; '0' without a lease. */
  readonly leaseId: string;
  readonly modRevision: string;
}

export interface Catalogue {
  readonly layout: KeyLayout;
  /** Every service that has a key, by name; with nobody registered too. */
  readonly services: ReadonlyMap<string, readonly Registered[]>;
  /** Keys that should hold a URL and hold none that can be read. Without passwords. */
  readonly undecodable: readonly { readonly key: string; readonly reason: string }[];
  /** Keys that are no part of a registry. Without passwords. */
  readonly strays: readonly string[];
}

/** Reads all of it, at one revision. */
export async function readCatalogue(call: Call, client: EtcdClient): Promise<Catalogue> {
  const { layout } = client;
  const reading = client.read(prefixOf(layout.root), `cannot read ${layout.root}`, {
    signal: call.ending.signal,
  });
  return catalogueOf(layout, await call.terminal.during(`reading ${layout.root}`, reading));
}

function catalogueOf(layout: KeyLayout, entries: Iterable<Entry>): Catalogue {
  const services = new Map<string, Registered[]>();
  const undecodable: { key: string; reason: string }[] = [];
  const strays: string[] = [];
  const listOf = (service: string): Registered[] => {
    const list = services.get(service) ?? [];
    services.set(service, list);
    return list;
  };
  for (const { key, leaseId, modRevision } of entries) {
    const service = serviceOf(layout, key);
    const parts = layout.parseKey(key);
    if (parts === undefined) {
      if (service === undefined) strays.push(shownKey(key));
      else listOf(service);
      continue;
    }
    try {
      const url = urlOfChild(parts.name);
      if (url === undefined) strays.push(shownKey(key));
      else
        listOf(parts.service).push({
          key,
          service: parts.service,
          category: parts.category,
          url,
          leaseId,
          modRevision,
        });
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      undecodable.push({ key: shownKey(key), reason: error.reason ?? error.code });
    }
  }
  return { layout, services, undecodable, strays };
}

/** The service whose own key, or whose category's, this is. */
function serviceOf({ root }: KeyLayout, key: string): string | undefined {
  const [service = '', category, ...rest] = key.slice(root.length + 1).split('/');
  if (service === '' || category === '' || rest.length > 0) return undefined;
  try {
    return percentDecode(service);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** A test for names: `*` and `?` as in a shell; without them, any part of the name counts. */
export function nameTest(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  if (!/[*?]/.test(pattern)) return (name) => name.toLowerCase().includes(pattern.toLowerCase());
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const whole = new RegExp(`^${source}$`, 'i');
  return (name) => whole.test(name);
}
