import { describe, expect, test } from 'vitest';
import { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import { bytes, events, put, range, refusalOf, watching } from './requests.js';

/** A core at time 0 with lease 7 of ten seconds on the keys `b` and `a`. */
function leased(): EtcdCore {
  const core = new EtcdCore();
  core.leaseGrant({ ID: '7', TTL: 10 });
  core.put({ key: bytes('b'), lease: '7' });
  core.put({ key: bytes('a'), lease: '7' });
  return core;
}

const remaining = (core: EtcdCore, ID = '7'): string => core.leaseTimeToLive({ ID }).TTL;

describe('granting', () => {
  test('the client may choose the id, once', () => {
    const core = leased();
    expect(refusalOf(() => core.leaseGrant({ ID: '7', TTL: 99 }))).toBe('9 etcdserver: lease already exists');
    expect(core.leaseGrant({ TTL: 60 }).ID).not.toBe(core.leaseGrant({ TTL: 60 }).ID);
  });

  test.each([
    [-1, '2'],
    [0, '2'],
    [1, '2'],
    [3, '3'],
  ])('asked for %i seconds, etcd grants %s', (TTL, granted) => {
    expect(new EtcdCore().leaseGrant({ TTL }).TTL).toBe(granted);
  });

  test('more than nine billion seconds are refused', () => {
    expect(refusalOf(() => new EtcdCore().leaseGrant({ TTL: '9000000001' }))).toBe(
      '11 etcdserver: too large lease TTL',
    );
  });

  test('a grant uses no revision', () => {
    const core = leased();
    core.leaseGrant({ TTL: 60 });
    expect(core.revision).toBe(3);
  });
});

describe('running out', () => {
  test('at its time, not before, all its keys go in one revision, in order', () => {
    const core = leased();
    const told = watching(core, { key: bytes('a'), range_end: bytes('z') });
    core.advance(9999);
    expect(core.revision).toBe(3);
    core.advance(10_000);
    expect(told.slice(1).map((response) => events([response]))).toEqual([['delete a@4', 'delete b@4']]);
  });

  test('each lease that is overdue ends in a revision of its own', () => {
    const core = leased();
    core.leaseGrant({ ID: '8', TTL: 5 });
    core.put({ key: bytes('c'), lease: '8' });
    const told = watching(core, { key: bytes('a'), range_end: bytes('z') });
    core.tick(60_000);
    expect(events(told)).toEqual(['delete c@5', 'delete a@6', 'delete b@6']);
  });

  test('keeping alive gives the full time again; too late it answers 0', () => {
    const core = leased();
    core.advance(9000);
    expect(core.leaseKeepAlive({ ID: '7' }).TTL).toBe('10');
    core.advance(18_999);
    expect([remaining(core), core.leases().length]).toEqual(['0', 1]);
    core.advance(19_000);
    expect(core.leaseKeepAlive({ ID: '7' }).TTL).toBe('0');
  });

  test('a restart gives every lease its full time', () => {
    const core = leased();
    core.advance(9000);
    core.crash();
    core.restart(60_000);
    expect(remaining(core)).toBe('10');
  });

  test('without a leader no lease ends, and a new leader gives each its full time', () => {
    const core = leased();
    core.loseLeader();
    expect(core.nextDueMs()).toBeUndefined();
    core.advance(60_000);
    expect(core.leases().length).toBe(1);
    core.regainLeader();
    expect([remaining(core), core.nextDueMs()]).toEqual(['10', 70_000]);
  });

  test('the core says when it has to be woken next', () => {
    const core = leased();
    expect(core.nextDueMs()).toBe(10_000);
    core.tick(10_000);
    expect(core.nextDueMs()).toBeUndefined();
  });
});

describe('asking and revoking', () => {
  test('time to live tells remaining whole seconds, granted seconds and, on request, the keys', () => {
    const core = leased();
    core.advance(3500);
    expect(core.leaseTimeToLive({ ID: '7', keys: true })).toMatchObject({
      TTL: '6',
      grantedTTL: '10',
      keys: [bytes('a'), bytes('b')],
    });
    expect(core.leaseTimeToLive({ ID: '404', keys: true })).toMatchObject({
      TTL: '-1',
      grantedTTL: '0',
      keys: [],
    });
  });

  test('revoking deletes at once and is refused the second time', () => {
    const core = leased();
    expect(core.leaseRevoke({ ID: '7' }).header.revision).toBe('4');
    expect(core.range(range('a', 'z')).count).toBe('0');
    expect(refusalOf(() => core.leaseRevoke({ ID: '7' }))).toBe('5 etcdserver: requested lease not found');
  });

  test('revoking a lease without keys uses no revision', () => {
    const core = new EtcdCore();
    core.leaseGrant({ ID: '7', TTL: 10 });
    expect(core.leaseRevoke({ ID: '7' }).header.revision).toBe('1');
  });

  test('a put without the lease takes the key away from it for good; a put with another moves it', () => {
    const core = leased();
    core.leaseGrant({ ID: '8', TTL: 100 });
    core.txn({ success: [put('a'), put('b', 'v', '8')] });
    expect(core.leaseTimeToLive({ ID: '7', keys: true }).keys).toEqual([]);
    core.leaseRevoke({ ID: '7' });
    expect(core.range(range('a', 'z')).kvs).toMatchObject([{ lease: '0' }, { lease: '8' }]);
  });

  test('a deleted key is not put back under its lease', () => {
    const core = leased();
    core.deleteRange({ key: bytes('a') });
    expect(core.leaseTimeToLive({ ID: '7', keys: true }).keys).toEqual([bytes('b')]);
  });

  test('negative ids are ids', () => {
    const core = new EtcdCore();
    core.leaseGrant({ ID: '-5', TTL: 10 });
    expect(remaining(core, '-5')).toBe('10');
  });
});
