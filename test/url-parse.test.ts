import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findParameter, parseQuery } from '../src/url-parse.js';

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

test('lets the last of equal keys win', () => {
  expect([...parseQuery('a=1&b=2& a=3 ')]).toEqual([
    ['a', '3'],
    ['b', '2'],
  ]);
  expect(findParameter('a=1&b=2& a=3 ', 'a')).toBe('3');
});
