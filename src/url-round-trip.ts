/**
 * What a URL loses when it is written as text and read again. Dubbo escapes nothing inside a URL, so a parameter
 * with an `&` silently becomes two; we say so before such a text reaches etcd.
 */
import { RegistryError } from './errors.js';
import { javaTrim } from './java-text.js';
import { quoted } from './quoted.js';
import { parseUrlText } from './url-parse.js';
import type { UrlParts } from './url-parts.js';
import { parseQuery, type UrlQuery } from './url-query.js';

/** With these even a blank decides who finds whom. */
const matchedKeys: ReadonlySet<string> = new Set([
  'interface',
  'group',
  'version',
  'category',
  'classifier',
  'enabled',
]);

/**
 * The first part or parameter that a reader of `text` would see otherwise than it is, as a sentence, or undefined.
 * Dubbo's own harmless changes do not count: blanks around values, a nameless parameter, '' for an absent part.
 */
export function explainLoss(parts: UrlParts, query: UrlQuery, text: string): string | undefined {
  if (/\p{Surrogate}/u.test(text)) return 'it holds half of a surrogate pair, which UTF-8 cannot carry';
  const reread = reading(text);
  if (typeof reread === 'string') return reread;
  for (const name of ['protocol', 'username', 'password', 'host', 'port', 'path'] as const) {
    const [before, after] = [parts[name] || undefined, reread.parts[name] || undefined];
    if (before !== after) return `the ${name} ${quoted(String(before))} would be read as ${shown(after)}`;
  }
  if (query.isText) return undefined;
  const readParameters = parseQuery(reread.query);
  for (const [key, value] of query.map) {
    const after = readParameters.get(key);
    if (key === '' || after === (matchedKeys.has(key) ? value : javaTrim(value))) continue;
    return `parameter ${quoted(key)} would be read as ${shown(after)}`;
  }
  return undefined;
}

function reading(text: string): ReturnType<typeof parseUrlText> | string {
  try {
    return parseUrlText(text);
  } catch (error) {
    if (error instanceof RegistryError) return error.reason ?? error.message;
    throw error;
  }
}

function shown(value: string | number | undefined): string {
  return value === undefined ? 'absent' : quoted(String(value));
}
