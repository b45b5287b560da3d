import { describe, expect, test } from 'vitest';
import { bytes, coreAfter, del, put, range, refusalOf, watching } from './requests.js';

describe('a wipe', () => {
  test('starts history anew, without keys, leases, alarms or watchers', () => {
    const core = coreAfter(put('a'), put('a'));
    core.leaseGrant({ ID: '7', TTL: 60 });
    core.alarm({ action: 'Activate', alarm: 'Nospace' });
    core.compact({ revision: 2 });
    const told = watching(core, { key: bytes('a') });
    core.wipe();
    expect([core.revision, core.compactedRevision, core.states(), core.leases(), core.watcherCount]).toEqual([
      1,
      -1,
      [],
      [],
      0,
    ]);
    expect(core.put({ key: bytes('a') }).header.revision).toBe('2');
    expect(told.length).toBe(1);
  });
});

describe('a crash and a restart', () => {
  test('keep keys and history and lose watchers', () => {
    const core = coreAfter(put('a', '1'), put('a', '2'));
    watching(core, { key: bytes('a') });
    core.crash();
    core.restart(1000);
    expect(core.watcherCount).toBe(0);
    expect(core.range(range('a', undefined, { revision: 2 })).kvs).toMatchObject([{ value: bytes('1') }]);
  });
});

describe('an alarm', () => {
  test('of no space refuses what adds data, until the last member lowers it', () => {
    const core = coreAfter(put('a'));
    const outcomes = (): string[] =>
      [
        () => core.put({ key: bytes('a') }),
        () => core.txn({ failure: [put('a')] }),
        () => core.leaseGrant({ TTL: 60 }),
        () => core.txn({ success: [del('x')] }),
        () => core.deleteRange({ key: bytes('x') }),
      ].map(refusalOf);
    const full = '8 etcdserver: mvcc: database space exceeded';
    core.alarm({ action: 'Activate', memberID: '1', alarm: 'Nospace' });
    core.alarm({ action: 'Activate', memberID: '2', alarm: 'Nospace' });
    core.alarm({ action: 'Deactivate', memberID: '1', alarm: 'Nospace' });
    expect(outcomes()).toEqual([full, full, full, 'answered', 'answered']);
    expect(core.alarm({}).alarms).toEqual([{ memberID: '2', alarm: 'Nospace' }]);
    core.alarm({ action: 'Deactivate', memberID: '2', alarm: 'Nospace' });
    expect(new Set(outcomes())).toEqual(new Set(['answered']));
  });
});
