import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readProperties, writeProperties } from '../src/properties.js';
import { anyText } from './support/url-arbitraries.js';

test('reads back what it wrote', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, anyText)), fc.array(anyText), (entries, comments) => {
      expect([...readProperties(writeProperties(entries, comments))]).toEqual([...new Map(entries)]);
    }),
    { numRuns: 1000 },
  );
});

test('writes nothing but ASCII, one line for each entry', () => {
  fc.assert(
    fc.property(anyText, anyText, (key, value) => {
      expect(writeProperties([[key, value]])).toMatch(/^[ -~]*\n$/);
    }),
  );
});

test('writes a cache entry as Java does', () => {
  const entries = [
    ['g1/com.foo.BarService:1.0.0', 'empty://h/s?category=routers override://0.0.0.0/张'],
    [' a b', ' a b\t\n\r\f\\!#'],
  ] as const;
  expect(writeProperties(entries, ['Dubbo Registry Cache', 'Mon\nTue'])).toBe(
    [
      '#Dubbo Registry Cache',
      '#Mon',
      '#Tue',
      String.raw`g1/com.foo.BarService\:1.0.0=empty\://h/s?category\=routers override\://0.0.0.0/\u5F20`,
      String.raw`\ a\ b=\ a b\t\n\r\f\\\!\#`,
      '',
    ].join('\n'),
  );
});

// Answers of java.util.Properties.load on OpenJDK 17.
test.each([
  ['a\\\\=b', [['a\\', 'b']]],
  ['#a\\\nb=c', [['b', 'c']]],
  ['#a\\', []],
  ['a=b\\\n#c', [['a', 'b#c']]],
  ['\\\n#c\nd', [['d', '']]],
  ['a=b\\\r\n \t c', [['a', 'bc']]],
  [
    'a=b\\\n\nc=d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['\\', [['', '']]],
  ['\\\n', [['', '']]],
  ['\\\r\n', []],
  ['a\\u003db', [['a=b', '']]],
  ['a\\\t=b', [['a\t', 'b']]],
  ['a\u00a0b', [['a\u00a0b', '']]],
])('reads %j as Java does', (text, expected) => {
  expect([...readProperties(text)]).toEqual(expected);
});

test('tells the line of a malformed escape', () => {
  expect(() => readProperties('a=1\n# x\r\nb=\\u12g4')).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      position: 9,
      message: expect.stringContaining('in line 3'),
    }),
  );
});
