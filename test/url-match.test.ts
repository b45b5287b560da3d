import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentEncode } from '../src/percent-coding.js';
import { ServiceUrl } from '../src/url.js';
import {
  emptyUrlFor,
  isMatch,
  isMatchCategory,
  isMatchGlobPattern,
  mismatchesOf,
  toUrlsWithEmpty,
} from '../src/url-match.js';
import { likelyUrl } from './support/url-arbitraries.js';

/** A parameter as Dubbo 2.7.1 looks it up: absent and empty are the same, `default.` comes second. */
function look(url: ServiceUrl, key: string): string | null {
  const pairs = new Map(Object.entries(url.parameters));
  return pairs.get(key) || pairs.get(`default.${key}`) || null;
}

/** The six conditions of Dubbo 2.7.1's UrlUtils.isMatch, one by one, as slowly as they are written. */
function naiveMatch(consumer: ServiceUrl, provider: ServiceUrl): boolean {
  const [wanted, offered] = [consumer, provider].map((url) => look(url, 'interface') ?? url.path ?? null);
  const categories = look(consumer, 'category') ?? 'providers';
  const category = look(provider, 'category') ?? 'providers';
  const isWanted = categories.includes('*')
    ? true
    : categories.includes('-')
      ? !categories.includes(`-${category}`)
      : categories.includes(category);
  const enabled = look(provider, 'enabled') ?? 'true';
  const [group, providerGroup] = [look(consumer, 'group'), look(provider, 'group')];
  const groups = (group ?? '').split(/\s*,+\s*/);
  const classifier = look(consumer, 'classifier') ?? '*';
  return [
    wanted === '*' || offered === '*' || wanted === offered,
    isWanted,
    enabled.toLowerCase() === 'true' || look(consumer, 'enabled') === '*',
    group === '*' || group === providerGroup || (providerGroup !== null && groups.includes(providerGroup)),
    look(consumer, 'version') === '*' || look(consumer, 'version') === look(provider, 'version'),
    classifier === '*' || classifier === (look(provider, 'classifier') ?? '*'),
  ].every(Boolean);
}

test('matches as the rules say when they are applied one by one', () => {
  let matches = 0;
  fc.assert(
    fc.property(likelyUrl, likelyUrl, (consumer, provider) => {
      const expected = naiveMatch(consumer, provider);
      matches += Number(expected);
      expect(isMatch(consumer, provider)).toBe(expected);
      expect(mismatchesOf(consumer, provider).length === 0).toBe(expected);
    }),
    { numRuns: 5000 },
  );
  expect(matches).toBeGreaterThan(100);
});

test('matches categories by substring, as Dubbo does', () => {
  expect(isMatchCategory('provider', 'providers')).toBe(true);
  expect(isMatchCategory('routers', '-configurators,routers')).toBe(true);
  expect(isMatchCategory('configurators', '-configurators,routers')).toBe(false);
});

test('does not take an empty entry of a group list for a provider without a group', () => {
  const [consumer, provider] = ['consumer://h/s?group=,a', 'dubbo://h/s'].map((text) =>
    ServiceUrl.parse(text),
  );
  expect(consumer && provider && isMatch(consumer, provider)).toBe(false);
});

test('takes only the last star of a pattern for a wildcard', () => {
  expect(isMatchGlobPattern('a*b*', 'a*bc')).toBe(true);
  expect(isMatchGlobPattern('a*b*', 'axbc')).toBe(false);
});

test('does not let a child that cannot be read hide its neighbours [E5]', () => {
  const consumer = ServiceUrl.parse('consumer://h/s');
  const good = percentEncode('dubbo://10.0.0.1:1/s');
  const { urls, skipped } = toUrlsWithEmpty(consumer, 'providers', [
    'bad%',
    good,
    percentEncode('dubbo://h:x/s'),
  ]);
  expect(urls.map(String)).toEqual(['dubbo://10.0.0.1:1/s']);
  expect(skipped.map(({ name, error }) => [name, error.code])).toEqual([
    ['bad%', 'INVALID_URL'],
    ['dubbo%3A%2F%2Fh%3Ax%2Fs', 'INVALID_URL'],
  ]);
});

test('stands one empty URL of the consumer for a category without matches', () => {
  const consumer = ServiceUrl.parse('consumer://u:p@h/s?category=providers,routers&group=g');
  expect(emptyUrlFor(consumer, 'routers').toFullString()).toBe('empty://u:p@h/s?category=routers&group=g');
  const other = percentEncode('dubbo://h:1/other');
  expect(toUrlsWithEmpty(consumer, 'routers', ['plain', other]).urls).toHaveLength(1);
});
