import { expect, test } from 'vitest';
import type { RegistryContext, WriteOperation } from '../../machines/index.js';
import { isLoss, ownKeysOf, wordsOf } from '../../machines/own-keys.js';
import { promptRepairsMax, type Registration } from '../../machines/registration.js';
import { initialContext } from '../../machines/registry-context.js';
import { registrationOf, registrationsOf } from '../support/desired.js';

function contextOf(given: Partial<RegistryContext>): RegistryContext {
  return {
    ...initialContext({ endpoints: ['etcd:2379'], ttlSeconds: 15, leaseSeed: '41' }),
    lease: { leaseId: '42', generation: 1 },
    ...given,
  };
}

const written = (key: string, given: Partial<Registration> = {}): Registration =>
  registrationOf(key, { state: 'written', ...given });

test('takes the deletion of a written key for a loss, and of no other', () => {
  const registrations = registrationsOf(
    written('/a'),
    registrationOf('/pending'),
    written('/going', { state: 'withdrawing' }),
    written('/contested', { repairs: promptRepairsMax }),
  );
  expect(isLoss(registrations, ['/x', '/a'])).toBe(true);
  for (const key of ['/x', '/pending', '/going', '/contested'])
    expect(isLoss(registrations, [key]), key).toBe(false);
});

test('follows what is written, and the fence unless etcd denies one', () => {
  const registrations = registrationsOf(written('/a'), registrationOf('/b'));
  expect(ownKeysOf(contextOf({ registrations }))).toEqual({ leaseId: '42', keys: ['/a'] });
  for (const status of ['denied', 'deniedBefore'] as const)
    expect(ownKeysOf(contextOf({ fence: { status } }))).toEqual({ leaseId: null, keys: [] });
});

test('tells of an applied transaction what is there now and what is not, and nothing of another', () => {
  const operations: readonly WriteOperation[] = [
    { type: 'ensure', key: '/p', value: '1' },
    { type: 'put', key: '/a', value: null, leased: true, onlyIfFree: false },
    { type: 'delete', key: '/b', owners: ['42'], value: null },
  ];
  const context = contextOf({ plan: [{ id: 5, operations, versions: new Map(), fenceBump: null }] });
  const applied = { type: 'applied', revision: '9', foreign: [] } as const;
  expect(wordsOf(context, { type: 'batch.answered', batch: 5, outcome: applied })).toEqual([
    { type: 'ownKeys.written', keys: ['/a'], revision: '9' },
    { type: 'ownKeys.withdrawn', keys: ['/b'] },
  ]);
  expect(wordsOf(context, { type: 'batch.answered', batch: 6, outcome: applied })).toEqual([]);
  const fenced = { type: 'fenced', fence: null } as const;
  expect(wordsOf(context, { type: 'batch.answered', batch: 5, outcome: fenced })).toEqual([]);
});
