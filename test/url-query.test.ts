import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findParameter, parseQuery, renderQuery, UrlQuery } from '../src/url-query.js';

const sorted = (query: string): string =>
  JSON.stringify([...parseQuery(query)].sort(([a], [b]) => (a < b ? -1 : 1)));

const piece = fc.constantFrom('a', 'ab', 'b', '=', '&', '&', ' ', 'a=', '&a', '&ab=1', 'a =', '\t', 'c');

test('finds one parameter as the map of all holds it', () => {
  const queries = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
  const keys = fc.constantFrom('a', 'ab', 'b', 'c', '', ' a', 'a ', 'a=', 'a&');
  fc.assert(
    fc.property(queries, keys, (query, key) => {
      expect(findParameter(query, key)).toBe(parseQuery(query).get(key));
    }),
    { numRuns: 5000 },
  );
});

test('renders a query as the map of its parameters renders, and knows equal ones', () => {
  const queries = fc.array(fc.oneof(piece, fc.constantFrom('a=1&', 'b=2&', 'c=x')), { maxLength: 6 });
  fc.assert(
    fc.property(queries, queries, (pieces, others) => {
      const [query, other] = [pieces.join(''), others.join('')];
      expect(new UrlQuery(query).text).toBe(renderQuery(parseQuery(query)));
      const isEqual = sorted(query) === sorted(other);
      const [one, two] = [query, other].map((each) => JSON.stringify(new UrlQuery(each).identity));
      expect(one === two).toBe(isEqual);
    }),
    { numRuns: 5000 },
  );
  expect(new UrlQuery(new Map([['a', '1&b=2']])).identity).not.toBe(new UrlQuery('a=1&b=2').identity);
});

test('lets the last of equal keys win', () => {
  expect([...parseQuery('a=1&b=2& a=3 ')]).toEqual([
    ['a', '3'],
    ['b', '2'],
  ]);
  expect(findParameter('a=1&b=2& a=3 ', 'a')).toBe('3');
});
