import { expect, test } from 'vitest';
import { applyOutcome, type FlushState } from '../../machines/flush.js';
import { applySilence } from '../../machines/flush-failures.js';
import type { BatchOutcome, WriteBatch } from '../../machines/index.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';
import { failedWith, flushing } from '../support/flushing.js';

const applied: BatchOutcome = { type: 'applied', revision: '7', foreign: [] };

test('remembers the fence that a write of unknown outcome compared, and the first such write', () => {
  const { state, batch } = flushing();
  const registrations = registrationsOf(
    registrationOf('/a', { version: 3, ambiguous: { fence: '0', version: 1 } }),
    registrationOf('/b', { version: 3, ambiguous: { fence: '7', version: 1 } }),
  );
  const versions = new Map([
    ['/a', 3],
    ['/b', 2],
  ]);
  // Whatever the fence is by now, the transaction has compared the one of its flush.
  const later: FlushState = { ...state, registrations, fence: { status: 'open', value: '8' } };
  const { state: next } = applyOutcome(later, { ...batch, versions }, failedWith('timeout'));
  expect(next.registrations.get('/a')?.ambiguous).toEqual({ fence: '0', version: 1 });
  expect(next.registrations.get('/b')?.ambiguous).toEqual({ fence: '0', version: 2 });
});

test('has nothing to remember of unknown outcomes without a fence', () => {
  const { state, batch } = flushing({ fence: { status: 'denied' }, terms: { leaseId: '42', fence: null } });
  const { state: next } = applyOutcome(state, batch, failedWith('timeout'));
  expect(next.registrations.get('/a')).toMatchObject({ sent: true, attempts: 1, ambiguous: null });
});

test('takes silence for unknown outcomes, of every transaction that was not answered', () => {
  const { state, batch } = flushing();
  const only = (key: string): WriteBatch => ({ ...batch, versions: new Map([[key, 1]]) });
  const { state: next, news } = applySilence(state, [only('/a'), only('/b')], 'connection reset');
  const failure = { kind: 'unreachable', message: 'connection reset' };
  for (const key of ['/a', '/b'])
    expect(next.registrations.get(key)).toMatchObject({
      lastError: failure,
      ambiguous: { fence: '0', version: 1 },
    });
  expect(next.retries).toBe(2);
  expect(news).toEqual([
    { type: 'registration.failed', keys: ['/a'], failure, willRetry: true },
    { type: 'registration.failed', keys: ['/b'], failure, willRetry: true },
  ]);
});

test('closes the fence with the lease that was lost, and no other', () => {
  const { state, batch } = flushing();
  const lost = applyOutcome(state, batch, failedWith('leaseLost'));
  expect([lost.state.lease, lost.state.fence]).toEqual([null, { status: 'unopened' }]);
  expect(lost.state.registrations.get('/a')?.sent).toBe(false);
  const unfenced = applyOutcome({ ...state, fence: { status: 'denied' } }, batch, failedWith('leaseLost'));
  expect(unfenced.state.fence).toEqual({ status: 'deniedBefore' });
  const replaced: FlushState = { ...state, lease: { leaseId: '43', generation: 2 } };
  expect(applyOutcome(replaced, batch, failedWith('leaseLost'))).toEqual({ state: replaced, news: [] });
});

test('calls nothing written any more that was under the lease that was lost', () => {
  const { state, batch } = flushing();
  const before = registrationOf('/before', { state: 'written', leaseId: '42', sent: true });
  const registrations = state.registrations.with([['/before', before]]);
  const { state: next } = applyOutcome({ ...state, registrations }, batch, failedWith('leaseLost'));
  expect(next.registrations.get('/before')?.state).toBe('pending');
  expect([...next.dirty.keys()].sort()).toEqual(['/a', '/b', '/before']);
});

test('calls what was written under a lease that is gone neither written nor clean', () => {
  const { state, batch } = flushing({ lease: null });
  const { state: next, news } = applyOutcome(state, batch, applied);
  expect(next.registrations.get('/a')).toMatchObject({ state: 'pending', leaseId: '42', sent: true });
  expect([...next.dirty.keys()].sort()).toEqual(['/a', '/b']);
  expect(news).toEqual([]);
});

test('takes what is denied for the fence, which may not be permitted any more, and has it opened again first', () => {
  const { state, batch } = flushing({ fenceFlush: 3 });
  const { state: next, news } = applyOutcome(state, batch, failedWith('denied'));
  expect(next).toMatchObject({ dirty: state.dirty, fence: { status: 'unopened' }, retries: 1 });
  expect(next.registrations.get('/a')).toMatchObject({ state: 'pending', lastError: { kind: 'denied' } });
  expect(news).toEqual([]);
  const tooLarge = applyOutcome(state, batch, failedWith('tooLarge'));
  expect(tooLarge.state.fence).toEqual(state.fence);
});

test('takes what is denied for the entries when the fence was just permitted, or none was compared', () => {
  const [fresh, unfenced] = [
    flushing(),
    flushing({ fenceFlush: 3, fence: { status: 'denied' }, terms: { leaseId: '42', fence: null } }),
  ];
  for (const { state, batch } of [fresh, unfenced]) {
    const { state: next } = applyOutcome(state, batch, failedWith('denied'));
    expect(next.fence).toBe(state.fence);
    expect(next.registrations.get('/a')).toMatchObject({ solo: true });
  }
});

test('asks no more about the fence until it is clear which entry is denied', () => {
  const { state, batch } = flushing();
  const { state: split } = applyOutcome(state, batch, failedWith('denied'));
  const alone = flushing({ ...split, registrations: registrationsOf(registrationOf('/a')), flush: 6 });
  const { state: next, news } = applyOutcome(alone.state, alone.batch, failedWith('denied'));
  expect(next.registrations.get('/a')).toMatchObject({ state: 'failed' });
  expect(news).toMatchObject([{ type: 'registration.failed', willRetry: false }]);
  const onlyOne = registrationsOf(registrationOf('/a'));
  const later = flushing({ ...next, registrations: onlyOne, dirty: keysOf('/a'), flush: 7 });
  expect(applyOutcome(later.state, later.batch, failedWith('denied')).news).toEqual([]);
});

test('lets what was refused go alone from then on, so that nobody else is refused with it', () => {
  const { state, batch } = flushing();
  const put = { type: 'put', key: '/a', value: null, leased: true, onlyIfFree: false } as const;
  const remove = { type: 'delete', key: '/a', owners: ['42'], value: null } as const;
  for (const operation of [put, remove]) {
    const alone: WriteBatch = { ...batch, operations: [operation], versions: new Map([['/a', 1]]) };
    const { state: next } = applyOutcome(state, alone, failedWith('tooLarge'));
    expect(next.registrations.get('/a')?.solo).toBe(true);
  }
});

const parent = { key: '/p', value: '1' };

test.each([
  [
    'whoever shares a transaction does not wait for how often something else was refused',
    ['/a', '/b'],
    null,
    0,
  ],
  ['neither does whoever was refused with its parent', ['/a'], parent, 0],
  ['what is refused alone keeps its backoff', ['/a'], null, 7],
])('%s', (_, keys, of, attempt) => {
  for (const given of [{}, { fenceFlush: 3 }]) {
    const registrations = registrationsOf(...keys.map((key) => registrationOf(key, { parent: of })));
    const { state, batch } = flushing({ ...given, registrations, dirty: keysOf(...keys), attempt: 7 });
    expect(applyOutcome(state, batch, failedWith('denied')).state.attempt).toBe(attempt);
  }
});
