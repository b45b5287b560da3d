import { expect, test } from 'vitest';
import { type RegistryOptions, resolveOptions } from '../src/options.js';

test.each([
  ['10.0.0.1:2379', ['http://10.0.0.1:2379']],
  ['etcd3://10.0.0.1,10.0.0.2:1234', ['http://10.0.0.1:2379', 'http://10.0.0.2:1234']],
  ['https://10.0.0.1:2379?backup=10.0.0.2', ['https://10.0.0.1:2379', 'https://10.0.0.2:2379']],
  ['etcd3://10.0.0.1?backup=https://10.0.0.2:1', ['http://10.0.0.1:2379', 'https://10.0.0.2:1']],
  ['etcd3://[::1]:2379', ['http://[::1]:2379']],
])('dials for %s', (address, endpoints) => {
  expect(resolveOptions({ address }).endpoints).toEqual(endpoints);
});

test('dials over TLS when certificates are given', () => {
  const { endpoints } = resolveOptions({ address: '10.0.0.1', tls: { ca: Buffer.from('x') } });
  expect(endpoints).toEqual(['https://10.0.0.1:2379']);
});

test('takes a login from the address, or from a function that is asked later, but not from both', () => {
  const ask = (): { username: string; password: string } => ({ username: 'ann', password: 'x' });
  const address = 'etcd3://bob:y@10.0.0.1';
  expect(resolveOptions({ address }).credentials).toEqual({ username: 'bob', password: 'y' });
  expect(resolveOptions({ address, credentials: ask }).credentials).toBe(ask);
  expect(() => resolveOptions({ address, credentials: ask, username: 'bob' })).toThrow(
    "cannot use option 'credentials': 'username' or 'password' is given too; give one or the other",
  );
});

test('lets those share a registry who log in by the same function', () => {
  const ask = (): { username: string; password: string } => ({ username: 'ann', password: 'x' });
  const keyOf = (options: RegistryOptions): string =>
    resolveOptions({ address: '10.0.0.1', ...options }).sharingKey;
  expect(keyOf({ credentials: ask })).toBe(keyOf({ credentials: ask }));
  const keys = [keyOf({}), keyOf({ credentials: ask }), keyOf({ credentials: () => ask() })];
  expect(new Set(keys).size).toBe(3);
});

test('keeps requests shorter than a third of the session, and the session above what etcd allows', () => {
  expect(resolveOptions({ address: 'h' })).toMatchObject({ ttlSeconds: 30, requestTimeoutMs: 2_000 });
  expect(resolveOptions({ address: 'h?session=100' })).toMatchObject({
    ttlSeconds: 2,
    requestTimeoutMs: 500,
  });
});
