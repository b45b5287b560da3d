/**
 * The text of a cache file, as AbstractRegistry of Dubbo 2.7.1 writes it: Java properties, one entry per service key,
 * whose value is the URLs of all its categories with a blank between them. No file is opened here.
 *
 * Two things are ours, and Java passes over both: a checksum in a comment; and URLs that hold a blank, which Java would
 * tear apart, in an entry of their own, percent-encoded, under a name that no service key of Java's can have.
 */
import { crc32 } from 'node:zlib';
import { emptyProtocol } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { percentDecode, percentEncode } from './percent-coding.js';
import { readProperties, writeProperties } from './properties.js';
import { ServiceUrl } from './url.js';

/** The URLs last known for each service key, `empty` ones included. */
export type CacheEntries = ReadonlyMap<string, readonly ServiceUrl[]>;

export interface CacheContent {
  readonly entries: CacheEntries;
  /** What could not be read, in words; the rest can be used. */
  readonly complaints: readonly string[];
  /** True for a text that does not begin as every cache file does: somebody else's, not to be replaced. */
  readonly isForeign: boolean;
}

const title = 'Dubbo Registry Cache';
const checksumTitle = 'leasehold crc32 ';
const encodedPrefix = '-leasehold/';
const blank = /[ \t\n\v\f\r]+/;

/** Reads a file's text (Latin-1, as Java writes it). Never throws: what makes no sense is left out and complained of. */
export function readCacheText(text: string): CacheContent {
  const entries = new Map<string, readonly ServiceUrl[]>();
  const complaints: string[] = [];
  for (const [key, value] of propertiesIn(text, complaints)) {
    const isEncoded = key.startsWith(encodedPrefix);
    const serviceKey = isEncoded ? key.slice(encodedPrefix.length) : key;
    const urls = value.split(blank).flatMap((piece) => urlIn(piece, isEncoded, complaints));
    if (urls.length > 0) entries.set(serviceKey, [...(entries.get(serviceKey) ?? []), ...urls]);
  }
  return { entries, complaints, isForeign: isForeign(text) };
}

/** Writes entries; `date` is for people. The text is ASCII. */
export function writeCacheText(entries: CacheEntries, date: string): string {
  const properties: (readonly [string, string])[] = [];
  for (const [serviceKey, urls] of entries) {
    const texts = urls.map((url) => url.toFullString());
    const plain = texts.filter((text) => !blank.test(text));
    const torn = texts.filter((text) => blank.test(text));
    if (plain.length > 0) properties.push([serviceKey, plain.join(' ')]);
    if (torn.length > 0) properties.push([encodedPrefix + serviceKey, torn.map(percentEncode).join(' ')]);
  }
  const body = writeProperties(properties);
  return writeProperties([], [title, date, checksumTitle + checksumOf(body)]) + body;
}

/** A file that was cut off within its first line is ours still. */
function isForeign(text: string): boolean {
  const first = `#${title}`;
  return !text.startsWith(first) && !first.startsWith(text.trimEnd());
}

function propertiesIn(text: string, complaints: string[]): Iterable<readonly [string, string]> {
  const sum = new RegExp(`^#${checksumTitle}([0-9a-f]{8})\\r?\\n`, 'm').exec(text);
  if (sum !== null && sum[1] !== checksumOf(text.slice(sum.index + sum[0].length))) {
    complaints.push('its checksum is wrong');
    return [];
  }
  // Java ends every line; where it was interrupted, the last line is half a line.
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) complaints.push('its last line is cut off');
  try {
    return readProperties(text.slice(0, end));
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown;
    complaints.push(thrown.reason ?? thrown.message);
    return [];
  }
}

function urlIn(piece: string, isEncoded: boolean, complaints: string[]): ServiceUrl[] {
  if (piece === '') return [];
  try {
    const text = isEncoded ? percentDecode(piece) : piece;
    if (text.includes('://')) return [ServiceUrl.parse(text)];
    complaints.push('a value is not a list of urls');
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown;
    complaints.push(`a url cannot be read: ${thrown.reason ?? thrown.code}`);
  }
  return [];
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

/** What was known under a key before, with what is known now in its place as far as that goes: category by category. */
export function updatedUrls(
  before: readonly ServiceUrl[],
  now: readonly ServiceUrl[],
): readonly ServiceUrl[] {
  const categories = new Set(now.map(({ category }) => category));
  return [...before.filter(({ category }) => !categories.has(category)), ...now];
}

/**
 * The URLs of several subscriptions to one service key as one entry, so that none takes the place of another's: every
 * URL once, and an `empty` one only for a category that none of them has anybody in.
 */
export function mergedUrls(lists: Iterable<readonly ServiceUrl[]>): readonly ServiceUrl[] {
  const byText = new Map<string, ServiceUrl>();
  for (const urls of lists) for (const url of urls) byText.set(url.toFullString(), url);
  const urls = [...byText.values()];
  const inhabited = new Set(
    urls.filter(({ protocol }) => protocol !== emptyProtocol).map(({ category }) => category),
  );
  const told = new Set<string>();
  return urls.filter(({ protocol, category }) => {
    if (protocol !== emptyProtocol) return true;
    if (inhabited.has(category) || told.has(category)) return false;
    told.add(category);
    return true;
  });
}
