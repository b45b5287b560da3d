import { expect, test } from 'vitest';
import type { RegistryContext } from '../../machines/index.js';
import { afterLostLease, type Registration } from '../../machines/registration.js';
import {
  afterNewLease,
  afterNewLink,
  afterOtherHistory,
  afterWishes,
  afterWithdrawals,
  canFlush,
  initialContext,
  termsOf,
  withdrawalsOnly,
} from '../../machines/registry-context.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';

const input = { endpoints: ['etcd:2379'], ttlSeconds: 15, leaseSeed: '41' };

function contextOf(
  registrations: readonly Registration[],
  given: Partial<RegistryContext> = {},
): RegistryContext {
  return {
    ...initialContext(input),
    epoch: 1,
    lease: { leaseId: '42', generation: 1 },
    fence: { status: 'open', value: '0' },
    registrations: registrationsOf(...registrations),
    ...given,
  };
}

function written(key: string, given: Partial<Registration> = {}): Registration {
  return registrationOf(key, { state: 'written', leaseId: '42', flush: 3, sent: true, ...given });
}

const sorted = (keys: Iterable<string>): readonly string[] => [...keys].sort();

test('can write only what differs from desired, with a lease and a link', () => {
  const context = contextOf([registrationOf('/a')], { dirty: keysOf('/a') });
  expect(canFlush(context)).toBe(true);
  expect(canFlush({ ...context, dirty: keysOf() })).toBe(false);
  expect(canFlush({ ...context, lease: null })).toBe(false);
  expect(canFlush({ ...context, epoch: null })).toBe(false);
});

test('writes under the lease and the fence in use', () => {
  const context = contextOf([]);
  expect(termsOf(context)).toEqual({ leaseId: '42', fence: '0' });
  expect(termsOf({ ...context, fence: { status: 'denied' } })).toEqual({ leaseId: '42', fence: null });
});

test('makes dirty what is asked for, and keeps what else is known', () => {
  const context = contextOf([written('/a'), written('/b')]);
  const desired = afterWishes(context, [{ key: '/a', value: '7', leased: false, parent: null }]);
  expect(desired.registrations.get('/a')).toMatchObject({ state: 'pending', version: 2, value: '7' });
  expect(desired.registrations.get('/b')).toBe(context.registrations.get('/b'));
  expect(sorted(desired.dirty.keys())).toEqual(['/a']);
});

test('deletes what was sent or is on its way, and forgets the rest', () => {
  const context = contextOf([written('/sent'), registrationOf('/flying'), registrationOf('/fresh')], {
    dirty: keysOf('/flying', '/fresh'),
    plan: [{ id: 0, operations: [], versions: new Map([['/flying', 1]]), fenceBump: null }],
  });
  const { desired, done } = afterWithdrawals(context, ['/sent', '/flying', '/fresh', '/unknown']);
  expect(sorted(desired.registrations.keys())).toEqual(['/flying', '/sent']);
  expect([...desired.registrations.values()].every(({ state }) => state === 'withdrawing')).toBe(true);
  expect(sorted(desired.dirty.keys())).toEqual(['/flying', '/sent']);
  expect(done).toEqual(['/fresh', '/unknown']);
});

test('calls nothing written that goes with a lost lease', () => {
  const context = contextOf([
    written('/a', { repair: true }),
    written('/good', { leased: false, leaseId: null }),
    registrationOf('/flying', { attempts: 2 }),
    registrationOf('/refused', { state: 'failed' }),
    written('/gone', { state: 'withdrawing' }),
  ]);
  const next = afterLostLease(context);
  expect(next.lease).toBeNull();
  expect(next.registrations.get('/a')).toMatchObject({ state: 'pending', leaseId: '42', repair: false });
  expect(sorted(next.dirty.keys())).toEqual(['/a']);
  for (const key of ['/good', '/flying', '/refused', '/gone'])
    expect(next.registrations.get(key)).toBe(context.registrations.get(key));
});

test('writes again under a new lease what is leased and not under it', () => {
  const context = contextOf([
    written('/old'),
    written('/new', { leaseId: '43' }),
    written('/good', { leased: false, leaseId: null }),
    written('/gone', { state: 'withdrawing' }),
  ]);
  const next = afterNewLease(context, { leaseId: '43', generation: 2 });
  expect(next.lease).toEqual({ leaseId: '43', generation: 2 });
  expect(next.fence).toEqual({ status: 'unopened' });
  expect(sorted(next.dirty.keys())).toEqual(['/gone', '/old']);
  expect(next.registrations.get('/old')).toMatchObject({ state: 'pending', repair: false });
  expect(next.registrations.get('/gone')?.state).toBe('withdrawing');
});

test.each(['denied', 'deniedBefore'] as const)(
  'asks for a fence again that etcd has %s, and remembers it',
  (status) => {
    const context = contextOf([], { fence: { status } });
    const again = { status: 'deniedBefore' };
    expect(afterNewLease(context, { leaseId: '43', generation: 2 }).fence).toEqual(again);
    expect(afterOtherHistory(context).fence).toEqual(again);
    expect(afterNewLink(context).fence).toEqual(again);
    expect(termsOf({ ...context, fence: { status: 'deniedBefore' } }).fence).toBe(null);
  },
);

test('keeps a fence over a new link', () => {
  for (const fence of [{ status: 'open', value: '0' }, { status: 'unopened' }] as const)
    expect(afterNewLink(contextOf([], { fence })).fence).toEqual(fence);
});

test('writes everything again in another history, parents too', () => {
  const context = contextOf([written('/a'), written('/b', { leased: false, leaseId: null })], {
    ensured: keysOf('/p'),
  });
  const next = afterOtherHistory(context);
  expect(sorted(next.dirty.keys())).toEqual(['/a', '/b']);
  expect([...next.registrations.values()].every(({ state }) => state === 'pending')).toBe(true);
  expect([next.ensured.size, next.fence.status]).toEqual([0, 'unopened']);
});

test('has only withdrawals left to write at the end', () => {
  const context = contextOf([registrationOf('/a'), written('/b', { state: 'withdrawing' })], {
    dirty: keysOf('/a', '/b', '/unknown'),
  });
  expect(sorted(withdrawalsOnly(context).dirty.keys())).toEqual(['/b']);
});

test('does not try a refused parent again for a new lease, but does in another history', () => {
  const context = contextOf([written('/a', { parentRefused: true })]);
  const lost: RegistryContext = { ...context, ...afterLostLease(context) };
  const renewed = afterNewLease(lost, { leaseId: '43', generation: 2 });
  expect(renewed.registrations.get('/a')).toMatchObject({ state: 'pending', parentRefused: true });
  expect(afterOtherHistory(context).registrations.get('/a')?.parentRefused).toBe(false);
});
