import { expect, test } from 'vitest';
import { jitteredDelays } from '../src/delays.js';
import { type RegistryOptions, resolveOptions } from '../src/options.js';
import { timerMsMax } from '../src/timer-limit.js';

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

test.each([
  [{ timeoutMs: 2 ** 31 }, 'timeoutMs'],
  [{ auditIntervalMs: 1e10 }, 'auditIntervalMs'],
  [{ emptyProtectionMs: Number.MAX_SAFE_INTEGER }, 'emptyProtectionMs'],
  [{ closeTimeoutMs: Number.POSITIVE_INFINITY }, 'closeTimeoutMs'],
  [{ notifyWindowMs: Number.NaN }, 'notifyWindowMs'],
  [{ sessionMs: 8e9 }, 'sessionMs'],
])('refuses %o, which no timer can wait for', (options, option) => {
  expect(() => resolveOptions({ address: 'h', ...options })).toThrow(
    new RegExp(
      `cannot use option '${option}': it is .*; give milliseconds, .* and at most 2147483647 \\(24 days\\)`,
    ),
  );
});

test('draws no delay that a timer cannot wait for', () => {
  const times = { auditIntervalMs: timerMsMax, closeTimeoutMs: 1, emptyProtectionMs: 1 };
  expect(jitteredDelays(times, () => 0.99).registry.auditInterval()).toBe(timerMsMax);
});
