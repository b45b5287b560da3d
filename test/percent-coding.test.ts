import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RegistryError } from '../src/errors.js';
import { percentDecode, percentEncode } from '../src/percent-coding.js';
import { anyText } from './support/url-arbitraries.js';

test('decodes what it encoded, with a question mark for half a surrogate pair', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(percentDecode(percentEncode(text))).toBe(text.replace(/\p{Surrogate}/gu, '?'));
    }),
    { numRuns: 2000 },
  );
});

test('leaves nothing in an encoded segment that would split a key', () => {
  fc.assert(fc.property(anyText, (text) => /^[\w.*+%-]*$/.test(percentEncode(text))));
});

test('reads what Go encodes otherwise', () => {
  expect(percentDecode('%2A~')).toBe('*~');
});

// Answers of java.net.URLDecoder on OpenJDK 17.
test.each([
  ['%ED%A0%80', '\ufffd'],
  ['%ED%A0', '\ufffd'],
  ['%E4%B8', '\ufffd'],
  ['%E4%B8x', '\ufffdx'],
  ['%E0%80%80', '\ufffd\ufffd\ufffd'],
  ['%F4%90%80%80', '\ufffd\ufffd\ufffd\ufffd'],
  ['%F0%9F%98%80%FF', '😀\ufffd'],
  ['%C0%AF', '\ufffd\ufffd'],
  ['%E4中', '\ufffd中'],
  ['%+A%-0', '\n\0'],
  ['%４１%Ａ', undefined],
  ['%４１', 'A'],
  ['%ｆ０', '\ufffd'],
  ['%+', undefined],
  ['%4', undefined],
  ['%-1', undefined],
  ['%G0', undefined],
])('reads %s as Java does', (text, expected) => {
  if (expected === undefined) expect(() => percentDecode(text)).toThrow(/cannot decode/);
  else expect(percentDecode(text)).toBe(expected);
});

test('tells where an escape is broken', () => {
  try {
    percentDecode('ab%20c%2xd');
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({
      code: 'INVALID_URL',
      position: 6,
      reason: 'the escape is not hexadecimal',
    });
    expect((error as RegistryError).text).toBe('ab%20c%2xd');
  }
});
