import { expect, test } from 'vitest';
import { backoffMs, reconnectBackoff, requestBackoff } from '../../machines/index.js';

test('doubles the wait with each attempt, up to its bound', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(reconnectBackoff, attempt));
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
});

test('stays at its bound after any number of attempts', () => {
  expect(backoffMs(requestBackoff, 10_000)).toBe(5_000);
  expect(backoffMs({ firstMs: 1, maxMs: Number.MAX_SAFE_INTEGER }, 10_000)).toBe(2 ** 20);
});

test('waits no less than the first time before any attempt was counted', () => {
  expect(backoffMs(requestBackoff, 0)).toBe(100);
});
