import { expect, test } from 'vitest';
import { Failure, failureOf, isOutcomeUnknown, isTransient } from '../../machines/index.js';

const kinds = [
  'unreachable',
  'timeout',
  'unavailable',
  'unauthenticated',
  'denied',
  'leaseLost',
  'compacted',
  'tooLarge',
  'conflict',
  'noSpace',
  'invalid',
  'closed',
  'bug',
] as const;

test('knows which failures pass with time', () => {
  const passing = kinds.filter((kind) => isTransient({ kind, message: '' }));
  expect(passing).toEqual(['unreachable', 'timeout', 'unavailable', 'unauthenticated', 'noSpace']);
});

test('knows after which failures a write may still be applied', () => {
  const unknown = kinds.filter((kind) => isOutcomeUnknown({ kind, message: '' }));
  expect(unknown).toEqual(['unreachable', 'timeout', 'unavailable']);
});

test('calls whatever is not a failure of ours a bug, and says what it was', () => {
  expect(failureOf(new Failure('denied', 'no'))).toEqual({ kind: 'denied', message: 'no' });
  expect(failureOf(new TypeError('x is not a function'))).toEqual({
    kind: 'bug',
    message: 'TypeError: x is not a function',
  });
  expect(failureOf('nonsense')).toEqual({ kind: 'bug', message: 'nonsense' });
});
