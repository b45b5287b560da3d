/** Defects of retrying in the implementation that is replaced. */
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { backoffMs, isTransient, reconnectBackoff, requestBackoff } from '../../machines/index.js';
import { jitteredDelays } from '../../src/delays.js';
import { failureFrom } from '../../src/etcd/failure.js';
import { createRegistry } from '../../src/index.js';
import { freePort } from '../support/free-port.js';

const settings = { auditIntervalMs: 30_000, closeTimeoutMs: 2_000, emptyProtectionMs: 30_000 };

function isRetried(code: number, details = ''): boolean {
  return isTransient(failureFrom(Object.assign(new Error(details), { code, details })));
}

test('tries again what may pass by itself, and nothing else [R1]', () => {
  const passing = [status.UNAVAILABLE, status.INTERNAL, status.DEADLINE_EXCEEDED, status.UNKNOWN];
  expect(passing.map((code) => isRetried(code))).toEqual([true, true, true, true]);
  expect(isRetried(status.UNAVAILABLE, 'etcdserver: leader changed')).toBe(true);
  expect(isRetried(status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests')).toBe(true);
  const lasting = [status.PERMISSION_DENIED, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];
  expect(lasting.map((code) => isRetried(code))).toEqual([false, false, false]);
});

test('waits milliseconds, more each time, up to a limit [R2] [R3] [W15]', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(reconnectBackoff, attempt));
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  expect(backoffMs(requestBackoff, 1_000)).toBe(5_000);
});

test('spreads every wait over its whole length, also the first [W15]', () => {
  const wait = (attempt: number, dice: number): number =>
    jitteredDelays(settings, () => dice).connection.reconnectBackoff({ context: { attempt } });
  expect([wait(1, 0.02), wait(1, 0.99), wait(6, 0.5), wait(6, 0.999)]).toEqual([1, 50, 500, 999]);
});

test('fails a call after the time it was given, each with an error of its own [R4]', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const registry = await createRegistry({ address, check: false, timeoutMs: 200 });
  const began = performance.now();
  const urls = [1, 2, 3, 4, 5].map((host) => `dubbo://10.0.0.${host}:20880/com.acme.Orders`);
  const outcomes = await Promise.allSettled(urls.map((url) => registry.register(url)));
  expect(performance.now() - began).toBeLessThan(4_000);
  const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
  expect(new Set(reasons).size).toBe(5);
  for (const reason of reasons) expect(reason).toMatchObject({ code: 'UNREACHABLE' });
  await registry.close();
});
