import { expect, test } from 'vitest';
import { resolveOptions } from '../src/options.js';

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

test('keeps requests shorter than a third of the session, and the session above what etcd allows', () => {
  expect(resolveOptions({ address: 'h' })).toMatchObject({ ttlSeconds: 30, requestTimeoutMs: 2_000 });
  expect(resolveOptions({ address: 'h?session=100' })).toMatchObject({
    ttlSeconds: 2,
    requestTimeoutMs: 500,
  });
});
