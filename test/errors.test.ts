import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { isRegistryError, RegistryError } from '../src/errors.js';

test('carries its code, its cause and the facts that apply', () => {
  const cause = new Error('refused');
  const error = new RegistryError('UNREACHABLE', 'cannot reach etcd: refused; check the address', {
    cause,
    address: 'h:2379',
  });
  expect(error).toMatchObject({ name: 'RegistryError', code: 'UNREACHABLE', address: 'h:2379' });
  expect(error.cause).toBe(cause);
  expect(Object.keys(error).sort()).toEqual(['address', 'code', 'name']);
});

test('keeps the text out of what is printed', () => {
  const error = new RegistryError('INVALID_URL', 'cannot read', { text: 'dubbo://u:secret@h', position: 3 });
  expect(error.text).toBe('dubbo://u:secret@h');
  expect(inspect(error) + JSON.stringify(error)).not.toContain('secret');
});

test('is recognised by its name, and by its code where one is asked for', () => {
  const error = new RegistryError('CLOSED', 'cannot register: the registry is closed; create another');
  expect(isRegistryError(error)).toBe(true);
  expect(isRegistryError(error, 'CLOSED')).toBe(true);
  expect(isRegistryError(error, 'TIMEOUT')).toBe(false);
  expect(isRegistryError(new Error('x'))).toBe(false);
  expect(isRegistryError('CLOSED')).toBe(false);
});
