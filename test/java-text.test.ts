import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  equalsIgnoringCase,
  javaTrim,
  parseJavaDouble,
  parseJavaInt,
  parseJavaLong,
  splitList,
} from '../src/java-text.js';

test('trims what Java trims, and nothing else', () => {
  expect(javaTrim('\0\t\u001f a \n ')).toBe('a');
  expect(javaTrim('\u00a0a\ufeff')).toBe('\u00a0a\ufeff');
  expect(javaTrim(' \n ')).toBe('');
});

test.each([
  ['+5', 5],
  ['-5', -5],
  ['-0', 0],
  ['007', 7],
  ['2147483647', 2_147_483_647],
  ['2147483648', undefined],
  ['-2147483648', -2_147_483_648],
  ['-2147483649', undefined],
  [`${'0'.repeat(50)}1`, 1],
  ['٣１', 31],
  ['߁꩙', 19],
  ['०५९', 59],
  ['𝟘', undefined],
  ['', undefined],
  ['+', undefined],
  [' 5', undefined],
  ['5.0', undefined],
  ['0x1', undefined],
  ['1_000', undefined],
])('reads the integer %j as Java does', (text, expected) => {
  expect(parseJavaInt(text)).toBe(expected);
});

test('reads 64 bits exactly', () => {
  expect(parseJavaLong('9223372036854775807')).toBe(9_223_372_036_854_775_807n);
  expect(parseJavaLong('9223372036854775808')).toBeUndefined();
  expect(parseJavaLong('-9223372036854775808')).toBe(-9_223_372_036_854_775_808n);
  expect(parseJavaLong('9'.repeat(1000))).toBeUndefined();
});

test('reads numbers in the forms Java knows', () => {
  const read = (texts: string): string => texts.split(',').map(parseJavaDouble).join();
  expect(read('1, .5 ,5.,-1e3,1.5d,2F,Infinity,-Infinity')).toBe('1,0.5,5,-1000,1.5,2,Infinity,-Infinity');
  expect(parseJavaDouble('NaN')).toBeNaN();
  for (const text of ['', '.', 'infinity', '1e', '1 2', '0x1', '1dd'])
    expect(parseJavaDouble(text)).toBeUndefined();
});

test('splits a list as the regular expression of Dubbo does', () => {
  const units = fc.constantFrom('a', 'b', ',', ',', ' ', '\t', '\v', '\u00a0');
  fc.assert(
    fc.property(fc.array(units, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const expected = text.split(/[ \t\n\v\f\r]*,+[ \t\n\v\f\r]*/);
      if (text.includes(',')) while (expected.at(-1) === '') expected.pop();
      expect(splitList(text)).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
  expect(splitList('a | b;;c', '|;')).toEqual(['a', 'b', 'c']);
});

test('ignores case unit by unit', () => {
  expect(equalsIgnoringCase('LocalHoſt', 'LOCALHOST')).toBe(true);
  expect(equalsIgnoringCase('localhoﬆ', 'LOCALHOST')).toBe(false);
});
