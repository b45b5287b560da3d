/**
 * The parameters of a URL: read from its query when somebody asks, rendered in Dubbo's one order. A query that came
 * from etcd is mostly in that order already, and is then neither taken apart nor put together again.
 */
import { javaTrim, javaTrimEnd } from './java-text.js';

/** Parameters, in no particular order. A null value of Java is held as '', which reads and renders the same. */
export type UrlParameterMap = ReadonlyMap<string, string>;

/** One match asks for less than this; who asks for more gets a map. */
const searchesMax = 16;

/** An immutable set of parameters, made from a query or a map. */
export class UrlQuery {
  readonly #source: string | undefined;
  #map: UrlParameterMap | undefined;
  #searches = 0;
  #text: string | undefined;

  constructor(source: string | UrlParameterMap) {
    this.#source = typeof source === 'string' ? source : undefined;
    this.#map = typeof source === 'string' ? undefined : source;
  }

  get map(): UrlParameterMap {
    this.#map ??= parseQuery(this.#source ?? '');
    return this.#map;
  }

  get(key: string): string | undefined {
    if (this.#map === undefined && this.#searches < searchesMax) {
      this.#searches++;
      return findParameter(this.#source ?? '', key);
    }
    return this.map.get(key);
  }

  /** All parameters as `a=1&b=2`. */
  get text(): string {
    this.#text ??= isCanonical(this.#source) ? this.#source : renderQuery(this.map);
    return this.#text;
  }

  /** Those parameters whose keys are named, rendered likewise. */
  textOf(names: readonly string[]): string {
    return renderQuery(this.map, names);
  }

  /** True when {@link text} is known to say all there is, with nothing a reader could take otherwise. */
  get isText(): boolean {
    return isCanonical(this.text) && (this.text === this.#source || isSame(parseQuery(this.text), this.map));
  }

  /** Equal for equal parameters and for no others. */
  get identity(): string | readonly string[] {
    return this.isText ? this.text : [...this.map].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
  }
}

/** True for a query that {@link renderQuery} would give back as it is: ascending keys, no blanks, all with `=`. */
function isCanonical(query: string | undefined): query is string {
  if (query === undefined || /[\0- ]/.test(query)) return false;
  let before = '';
  for (let start = 0; start < query.length; ) {
    const next = query.indexOf('&', start);
    const end = next < 0 ? query.length : next;
    const equals = query.indexOf('=', start);
    const key = query.slice(start, equals);
    if (equals <= start || equals >= end || key <= before) return false;
    before = key;
    start = end + 1;
  }
  return !query.endsWith('&');
}

function isSame(one: UrlParameterMap, other: UrlParameterMap): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

/**
 * Sorted by key in UTF-16 order, so that equal parameters give equal keys in etcd; empty keys are left out; values
 * are trimmed, keys are not.
 */
export function renderQuery(parameters: UrlParameterMap, names: readonly string[] = []): string {
  const keys = [...parameters.keys()].sort();
  let query = '';
  for (const key of keys) {
    if (key === '' || (names.length > 0 && !names.includes(key))) continue;
    query += `${query === '' ? '' : '&'}${key}=${javaTrim(parameters.get(key) ?? '')}`;
  }
  return query;
}

/** Reads a query: pieces between `&`, trimmed; a piece without `=` is its own value; the last of equal keys wins. */
export function parseQuery(query: string): UrlParameterMap {
  const parameters = new Map<string, string>();
  let start = 0;
  while (start < query.length) {
    const end = query.indexOf('&', start);
    const piece = javaTrim(query.slice(start, end < 0 ? query.length : end));
    const equals = piece.indexOf('=');
    if (equals >= 0) parameters.set(piece.slice(0, equals), piece.slice(equals + 1));
    else if (piece !== '') parameters.set(piece, piece);
    start = end < 0 ? query.length : end + 1;
  }
  return parameters;
}

/**
 * What {@link parseQuery} would hold under a key, found without reading the rest: a view of ten thousand providers
 * asks each for a handful of parameters, and a map for each costs more than all that.
 */
export function findParameter(query: string, key: string): string | undefined {
  if (key === '' || key !== javaTrim(key) || /[&=]/.test(key)) return parseQuery(query).get(key);
  let found: string | undefined;
  for (let at = query.indexOf(key); at >= 0; at = query.indexOf(key, at + 1)) {
    if (startsPiece(query, at)) found = valueBehind(query, at + key.length, key) ?? found;
  }
  return found;
}

function startsPiece(query: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && query.charCodeAt(before) <= 0x20) before--;
  return before < 0 || query[before] === '&';
}

/** The value where a key ends at `at`; undefined where the key goes on. */
function valueBehind(query: string, at: number, key: string): string | undefined {
  const next = query.indexOf('&', at);
  const end = next < 0 ? query.length : next;
  if (query[at] === '=') return javaTrimEnd(query.slice(at + 1, end));
  return javaTrim(query.slice(at, end)) === '' ? key : undefined;
}
