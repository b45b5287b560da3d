import { expect, test } from 'vitest';
import { type Registration, rewrite, stray, wish, withdrawal } from '../../machines/registration.js';

const entry = { key: '/a', value: null, leased: true, parent: null };

const written: Registration = {
  ...wish(entry, undefined),
  state: 'written',
  leaseId: '42',
  flush: 3,
  sent: true,
};

test('is pending, and nothing of it was sent, when it is asked for the first time', () => {
  expect(wish(entry, undefined)).toEqual({
    ...entry,
    state: 'pending',
    version: 1,
    leaseId: null,
    attempted: [],
    flush: 0,
    sent: false,
    attempts: 0,
    lastError: null,
    ambiguous: null,
    solo: false,
    parentRefused: false,
    repair: false,
    repairs: 0,
  });
});

test('keeps what may be in etcd, and forgets its failures, when it is asked for again', () => {
  const known: Registration = {
    ...written,
    state: 'failed',
    attempts: 4,
    lastError: { kind: 'denied', message: 'no' },
    ambiguous: { fence: '0', version: 1 },
    solo: true,
    parentRefused: true,
    repair: true,
  };
  expect(wish({ ...entry, value: '7' }, known)).toEqual({
    ...known,
    value: '7',
    state: 'pending',
    version: 2,
    attempts: 0,
    lastError: null,
    solo: false,
    parentRefused: false,
    repair: false,
  });
});

test('is to be deleted when it was sent, and simply forgotten when it was not', () => {
  expect(withdrawal(wish(entry, undefined))).toBeUndefined();
  const failing: Registration = {
    ...written,
    attempts: 2,
    lastError: { kind: 'timeout', message: '' },
    solo: true,
  };
  expect(withdrawal({ ...failing, repair: true })).toEqual({
    ...written,
    state: 'withdrawing',
    version: 2,
  });
});

test('is written once more from the start, unless it is being withdrawn', () => {
  const failing: Registration = { ...written, attempts: 2, parentRefused: true };
  expect(rewrite(failing, true)).toEqual({ ...written, state: 'pending', repair: true });
  expect(rewrite({ ...failing, repair: true }, false)).toEqual({
    ...written,
    state: 'pending',
    parentRefused: true,
  });
  const withdrawing: Registration = { ...failing, state: 'withdrawing' };
  expect(rewrite(withdrawing, true)).toBe(withdrawing);
});

test('is deleted under the lease that it was found under when nobody wants it', () => {
  expect(stray('/x', '42')).toMatchObject({
    key: '/x',
    state: 'withdrawing',
    leaseId: '42',
    leased: true,
    sent: true,
  });
});
