import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRevisions, isAfter } from '../../machines/index.js';

const revision = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

test('orders revisions as the numbers they are, also beyond what a double can hold', () => {
  fc.assert(
    fc.property(revision, revision, (a, b) => {
      const order = a < b ? -1 : a > b ? 1 : 0;
      expect(Math.sign(compareRevisions(String(a), String(b)))).toBe(order);
      expect(isAfter(String(a), String(b))).toBe(order > 0);
    }),
  );
  expect(isAfter('10', '9')).toBe(true);
  expect(isAfter('9', '9')).toBe(false);
});
