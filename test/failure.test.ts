import { expect, test } from 'vitest';
import { Failure, failureOf } from '../machines/index.js';

test('calls whatever is not a Failure a bug', () => {
  expect(failureOf(new Failure('timeout', 'late'))).toEqual({ kind: 'timeout', message: 'late' });
  expect(failureOf(new TypeError('x')).kind).toBe('bug');
});
