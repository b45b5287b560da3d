/** The URLs that simulated processes register and subscribe to, and the keys under which etcd has them. */
import { KeyLayout } from '../../src/key-layout.js';
import { ServiceUrl } from '../../src/url.js';
import { urlOfChild } from '../../src/url-match.js';

export interface Provided {
  readonly url: string;
  readonly key: string;
  /** As a listener is told it. */
  readonly told: string;
  readonly leased: boolean;
  /** `register` rejects when the first attempt fails. */
  readonly checked: boolean;
}

export interface Consumed {
  readonly url: string;
  /** The prefixes followed, by category. */
  readonly prefixes: ReadonlyMap<string, string>;
  readonly manner: 'plain' | 'throwing' | 'hanging';
}

export const providedPerProcess = 8;
/** So many of them, the last ones, are the same for every process. */
export const sharedCount = 2;
export const consumedPerProcess = 5;
const sharedHost = '10.0.9.9';
const serviceCount = 2;

const layout = new KeyLayout('/dubbo');
const providers = new Map<string, Provided>();
const byKey = new Map<string, Provided>();
const byTold = new Map<string, Provided>();

/** One of the URLs a process may register. */
export function provided(slot: number, index: number): Provided {
  const isShared = index >= providedPerProcess - sharedCount;
  const host = isShared ? sharedHost : `10.0.${slot}.1`;
  const name = `${host}/${index}`;
  const known = providers.get(name);
  if (known !== undefined) return known;
  const leased = index % 5 !== 4;
  const checked = index % 3 !== 1;
  const parameters = [...(leased ? [] : ['dynamic=false']), ...(checked ? [] : ['check=false'])];
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : '';
  const url = ServiceUrl.parse(`dubbo://${host}:${20880 + index}/sim.Service${index % serviceCount}${query}`);
  const key = layout.urlPath(url);
  const told = urlOfChild(key.slice(key.lastIndexOf('/') + 1))?.toString() ?? '';
  const made = { url: url.toString(), key, told, leased, checked };
  providers.set(name, made);
  byKey.set(key, made);
  byTold.set(told, made);
  return made;
}

/** What strangers provide: as a process that is none of ours would have written it. */
export function strange(index: number): Provided {
  return provided(200, index % 4);
}

/** One of the URLs a process may subscribe to. */
export function consumed(slot: number, index: number): Consumed {
  const categories = index < 2 ? ['providers'] : ['providers', 'configurators'];
  const service = `sim.Service${index % serviceCount}`;
  const url = `consumer://10.1.${slot}.${index}/${service}?category=${categories.join(',')}`;
  const prefixes = new Map(categories.map((category) => [category, `/dubbo/${service}/${category}/`]));
  return { url, prefixes, manner: index === 3 ? 'throwing' : index === 4 ? 'hanging' : 'plain' };
}

/** True for a key that every process may want. */
export function isShared(key: string): boolean {
  return key.includes(sharedHost);
}

/** The prefix where a service's providers are. */
export function providersPrefix(service: number): string {
  return `/dubbo/sim.Service${service % serviceCount}/providers/`;
}

/** The prefix where its configurators are. */
export function configuratorsPrefix(service: number): string {
  return `/dubbo/sim.Service${service % serviceCount}/configurators/`;
}

/** True for keys that hold a URL somebody can be told; false for garbage, fences and services. */
export function isProvided(key: string): boolean {
  return byKey.has(key);
}

/** The keys behind a notification, in order; an unknown URL stands for itself. */
export function keysOfTold(
  urls: readonly { readonly protocol: string; toString(): string }[],
): readonly string[] {
  if (urls.length === 1 && urls[0]?.protocol === 'empty') return [];
  return urls.map((url) => byTold.get(url.toString())?.key ?? `unknown: ${url.toString()}`).sort();
}
