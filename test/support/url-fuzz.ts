/** Gives one foreign text to everything that reads such, and sees that it is answered or refused as promised. */
import assert from 'node:assert/strict';
import { withPlaceholders } from '../../src/config.js';
import { isRegistryError, type RegistryErrorCode } from '../../src/errors.js';
import { KeyLayout } from '../../src/key-layout.js';
import { percentDecode, percentEncode } from '../../src/percent-coding.js';
import { readProperties, writeProperties } from '../../src/properties.js';
import { ServiceUrl } from '../../src/url.js';
import { isMatch, urlOfChild } from '../../src/url-match.js';
import { findParameter, parseQuery, renderQuery, UrlQuery } from '../../src/url-query.js';

/** How many texts each reader answered. The others were refused with an error of ours. */
export interface FuzzCounts {
  texts: number;
  parsed: number;
  decoded: number;
  propertiesRead: number;
}

const layout = new KeyLayout('/dubbo');
const consumer = ServiceUrl.parse('consumer://10.0.0.2/com.acme.Orders?group=g1&version=1.0.0');

/** Throws an assertion where a promise is broken, and whatever else a reader throws that it should not. */
export function fuzzOnce(text: string, counts: FuzzCounts): void {
  counts.texts++;
  const url = answered(() => ServiceUrl.parse(text), 'INVALID_URL');
  if (url !== undefined) {
    counts.parsed++;
    checkUrl(url, text);
  }
  if (answered(() => percentDecode(text), 'INVALID_URL') !== undefined) counts.decoded++;
  assert.equal(percentDecode(percentEncode(text)), text.replace(/\p{Surrogate}/gu, '?'));
  const properties = answered(() => readProperties(text), 'INVALID_OPTION');
  if (properties !== undefined) {
    counts.propertiesRead++;
    assert.deepEqual(readProperties(writeProperties(properties)), properties);
    withPlaceholders(Object.fromEntries(properties));
  }
  checkQuery(text);
}

function answered<Answer>(call: () => Answer, code: RegistryErrorCode): Answer | undefined {
  try {
    return call();
  } catch (error) {
    if (isRegistryError(error, code)) return undefined;
    throw error;
  }
}

function checkUrl(url: ServiceUrl, text: string): void {
  const full = url.toFullString();
  assert.ok(url.equals(ServiceUrl.parse(text)));
  isMatch(consumer, url);
  url.toMap();
  answered(() => url.getIntParameter('timeout', 1), 'INVALID_URL');
  if (url.explainLoss() !== undefined) return;
  assert.equal(ServiceUrl.parse(full).toFullString(), full, 'what loses nothing renders the same again');
  const key = answered(() => layout.urlPath(url), 'INVALID_URL');
  if (key === undefined) return;
  const parts = layout.parseKey(key);
  assert.ok(parts !== undefined);
  const reread = urlOfChild(parts.name);
  assert.ok(reread !== undefined);
  assert.equal(layout.urlPath(reread), key, 'key to url to key');
}

/** What is found or rendered without reading everything is what reading everything gives. */
function checkQuery(text: string): void {
  const parameters = parseQuery(text);
  assert.equal(new UrlQuery(text).text, renderQuery(parameters));
  assert.deepEqual(new UrlQuery(text).identity, new UrlQuery(parameters).identity);
  for (const key of [...parameters.keys(), 'group', 'a', '']) {
    assert.equal(findParameter(text, key), parameters.get(key), `parameter ${JSON.stringify(key)}`);
  }
}
