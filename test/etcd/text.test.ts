import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, hasEscapes, prefixEnd, textOf } from '../../src/etcd/text.js';

test('gives back any bytes exactly, UTF-8 or not [SUB-8]', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...bytesOf(textOf(bytes))]).toEqual([...bytes]);
    }),
  );
});

test('shows different bytes as different texts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
      expect(textOf(a) === textOf(b)).toBe(Buffer.compare(a, b) === 0);
    }),
  );
});

test('reads UTF-8 as it is, and escapes only the bytes that are not', () => {
  expect(textOf(Buffer.from('/dubbo/中文😀'))).toBe('/dubbo/中文😀');
  expect(textOf(Buffer.from([0x2f, 0x61, 0xff, 0x62]))).toBe('/a\udcffb');
  expect(hasEscapes('/a\udcffb')).toBe(true);
  expect(hasEscapes('/dubbo/中文😀')).toBe(false);
});

test('ends a prefix right after the last key that begins with it', () => {
  expect(prefixEnd(Buffer.from('/dubbo/')).toString()).toBe('/dubbo0');
  expect([...prefixEnd(Buffer.from([0x61, 0xff]))]).toEqual([0x62]);
  expect([...prefixEnd(Buffer.from([0xff, 0xff]))]).toEqual([0]);
});
