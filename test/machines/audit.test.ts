import { expect, test } from 'vitest';
import { afterBlindAudit, auditQuestion, judgeAudit, type LeaseContent } from '../../machines/audit.js';
import type { RegistryContext } from '../../machines/index.js';
import { promptRepairsMax, type Registration } from '../../machines/registration.js';
import { initialContext } from '../../machines/registry-context.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';

function contextOf(...registrations: readonly Registration[]): RegistryContext {
  return {
    ...initialContext({ endpoints: ['etcd:2379'], ttlSeconds: 15, leaseSeed: '41' }),
    lease: { leaseId: '42', generation: 1 },
    registrations: registrationsOf(...registrations),
    auditFlush: 3,
    isAuditDue: true,
  };
}

function written(key: string, given: Partial<Registration> = {}): Registration {
  return registrationOf(key, { state: 'written', leaseId: '42', flush: 3, sent: true, ...given });
}

const forGood = { leased: false, leaseId: null, value: '7' };

function failed(kind: 'denied' | 'tooLarge'): Partial<Registration> {
  return { state: 'failed', lastError: { kind, message: kind } };
}

function found(keys: readonly string[], missing: readonly string[] = []): LeaseContent {
  return { ttlSeconds: 10, keys, missing };
}

function dirtyAfter(context: RegistryContext, content: LeaseContent): readonly string[] {
  return [...(judgeAudit(context, content).desired.dirty?.keys() ?? [])].sort();
}

test('asks for the lease in use, and for what was written under none', () => {
  const context = contextOf(
    written('/a'),
    written('/b', forGood),
    written('/c', { ...forGood, state: 'pending' }),
  );
  expect(auditQuestion(context)).toEqual({ leaseId: '42', unleased: [{ key: '/b', value: '7' }] });
});

test('finds what is missing, under the lease or under none', () => {
  const context = contextOf(
    written('/there'),
    written('/missing'),
    written('/later', { flush: 4 }),
    written('/elsewhere', { leaseId: '41' }),
    written('/good', forGood),
    written('/good/gone', forGood),
    registrationOf('/pending'),
    written('/going', { state: 'withdrawing' }),
  );
  const content = found(['/there'], ['/good/gone']);
  expect(dirtyAfter(context, content)).toEqual(['/good/gone', '/missing']);
  const { desired } = judgeAudit(context, content);
  expect(desired.registrations?.get('/missing')).toMatchObject({ state: 'pending', repair: true });
});

test('finds what nobody wants, and deletes it under the lease it was found under', () => {
  const { desired } = judgeAudit(contextOf(written('/a')), found(['/a', '/x']));
  expect([...(desired.dirty?.keys() ?? [])]).toEqual(['/x']);
  expect(desired.registrations?.get('/x')).toMatchObject({ state: 'withdrawing', leaseId: '42' });
});

test('has tried again what was denied, and not what is too large', () => {
  const context = contextOf(registrationOf('/a', failed('denied')), registrationOf('/b', failed('tooLarge')));
  expect(dirtyAfter(context, found([]))).toEqual(['/a']);
});

test('takes the parent of what it has written again for missing too, and no other', () => {
  const below = (key: string) => ({ parent: { key, value: '1' } });
  const context = contextOf(
    written('/p/a', below('/p')),
    written('/q/a', below('/q')),
    registrationOf('/r/a', {
      ...below('/r'),
      state: 'failed',
      lastError: { kind: 'denied', message: 'no' },
    }),
  );
  const judged = judgeAudit({ ...context, ensured: keysOf('/p', '/q', '/r') }, found(['/q/a']));
  expect([...(judged.desired.ensured?.keys() ?? [])]).toEqual(['/q']);
});

test('says that the lease is lost, and changes nothing else then', () => {
  const judged = judgeAudit(contextOf(written('/a')), { ttlSeconds: -1, keys: [], missing: [] });
  expect(judged).toEqual({ desired: {}, isLeaseLost: true });
});

test('puts a key back at once a few times, and then only with regular audits', () => {
  const [often, once] = [written('/a', { repairs: promptRepairsMax }), written('/b', { repairs: 1 })];
  const context = contextOf(often, once);
  expect(dirtyAfter({ ...context, isAuditDue: false }, found([]))).toEqual(['/b']);
  expect(dirtyAfter(context, found([]))).toEqual(['/a', '/b']);
});

test('forgives what a regular audit finds in its place, and nothing sooner', () => {
  const context = contextOf(written('/a', { repairs: 2 }));
  const repairsAfter = (isAuditDue: boolean) =>
    judgeAudit({ ...context, isAuditDue }, found(['/a'])).desired.registrations?.get('/a')?.repairs;
  expect(repairsAfter(false)).toBe(2);
  expect(repairsAfter(true)).toBe(0);
});

test('has what was denied tried again also when nothing could be read', () => {
  const context = contextOf(
    registrationOf('/a', failed('denied')),
    registrationOf('/b', failed('tooLarge')),
    written('/c'),
  );
  expect([...afterBlindAudit(context).dirty.keys()]).toEqual(['/a']);
});
