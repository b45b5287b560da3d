import type { ICompare, IRequestOp } from 'etcd3';
import { describe, expect, test } from 'vitest';
import { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import { bytes, coreAfter, del, events, put, range, refusalOf, texts, watching } from './requests.js';

const all = (core: EtcdCore): string[] => texts(core.range(range('\0', '\0')).kvs);

describe('one transaction, one revision', () => {
  test('all its operations share the revision after the last, and a watcher is told them at once', () => {
    const core = coreAfter(put('a'), put('b'));
    const told = watching(core, { key: bytes('\0'), range_end: bytes('\0') });
    const { header, responses } = core.txn({ success: [put('c'), del('a'), put('d')] });
    expect(header.revision).toBe('4');
    expect(responses.map(({ response }) => response)).toEqual([
      'response_put',
      'response_delete_range',
      'response_put',
    ]);
    expect(told.slice(1).map((response) => events([response]))).toEqual([
      ['put c=v@4', 'delete a@4', 'put d=v@4'],
    ]);
  });

  test('a range inside sees what the operations before it did', () => {
    const core = coreAfter(put('a', 'old'));
    const read: IRequestOp = { request_range: range('a', 'z') };
    const { responses } = core.txn({ success: [read, put('a', 'new'), put('b'), read] });
    const lists = responses.map((op) =>
      op.response === 'response_range' ? texts(op.response_range.kvs) : [],
    );
    expect([lists[0], lists[3]]).toEqual([['a=old'], ['a=new', 'b=v']]);
  });

  test('a transaction that changes nothing uses no revision', () => {
    const core = coreAfter(put('a'));
    expect(core.txn({ success: [del('x')] }).header.revision).toBe('2');
    expect(core.txn({}).header.revision).toBe('2');
  });

  test('a nested transaction decides on the state before the outer one', () => {
    const core = coreAfter(put('a'));
    const absent: ICompare = { key: bytes('b'), target: 'Create', result: 'Equal', create_revision: 0 };
    const nested: IRequestOp = {
      request_txn: { compare: [absent], success: [put('yes')], failure: [put('no')] },
    };
    core.txn({ success: [put('b'), nested] });
    expect(all(core)).toEqual(['a=v', 'b=v', 'yes=v']);
  });
});

describe('compares', () => {
  const core = new EtcdCore();
  core.leaseGrant({ ID: '7', TTL: 100 });
  core.put({ key: bytes('a'), value: bytes('m'), lease: '7' });
  core.put({ key: bytes('a'), value: bytes('m'), lease: '7' });
  core.put({ key: bytes('b'), value: bytes('n') });
  const holds = (compare: ICompare): boolean => core.txn({ compare: [compare] }).succeeded;
  const key = bytes('a');

  test.each([
    ['Version', { version: 1 }, { version: 2 }, { version: 3 }],
    ['Create', { create_revision: 1 }, { create_revision: 2 }, { create_revision: 3 }],
    ['Mod', { mod_revision: 2 }, { mod_revision: 3 }, { mod_revision: '9223372036854775807' }],
    ['Value', { value: bytes('l') }, { value: bytes('m') }, { value: bytes('mm') }],
    ['Lease', { lease: '6' }, { lease: '7' }, { lease: '9223372036854775807' }],
  ] as const)('%s is below, equal to or above', (target, below, equal, above) => {
    const outcomes = (['Less', 'Equal', 'Greater', 'NotEqual'] as const).map((result) =>
      [below, equal, above].map((than) => holds({ key, target, result, ...than })),
    );
    expect(outcomes).toEqual([
      [false, false, true],
      [false, true, false],
      [true, false, false],
      [true, false, true],
    ]);
  });

  test('a key that never was has zero of everything, but no value', () => {
    const never = bytes('x');
    expect(holds({ key: never, target: 'Version', result: 'Equal', version: 0 })).toBe(true);
    expect(holds({ key: never, target: 'Lease', result: 'Equal', lease: 0 })).toBe(true);
    expect(holds({ key: never, target: 'Value', result: 'NotEqual', value: bytes('m') })).toBe(false);
  });

  test('a compare over a range has to hold for every key in it', () => {
    const span = { key, range_end: bytes('c') };
    expect(holds({ ...span, target: 'Create', result: 'Greater', create_revision: 1 })).toBe(true);
    expect(holds({ ...span, target: 'Version', result: 'Equal', version: 2 })).toBe(false);
  });
});

describe('what is refused', () => {
  const core = coreAfter(put('a', 'old'));
  const many = (count: number): IRequestOp[] => Array.from({ length: count }, (_, i) => put(`k${i}`));
  const refused = (...success: IRequestOp[]): string => refusalOf(() => core.txn({ success }));

  test('128 operations pass, 129 do not, and nesting shares the allowance', () => {
    expect(refusalOf(() => coreAfter().txn({ success: many(128), failure: many(128) }))).toBe('answered');
    expect(refused(...many(129))).toBe('3 etcdserver: too many operations in txn request');
    expect(refused(...many(100), { request_txn: { success: [put('x'), ...many(28)] } })).toMatch(
      /too many operations/,
    );
  });

  test('a key is put once, and not in the reach of a delete', () => {
    const duplicate = '3 etcdserver: duplicate key given in txn request';
    expect(refused(put('x'), put('x'))).toBe(duplicate);
    expect(refused(del('a', 'c'), put('b'))).toBe(duplicate);
    expect(refused(put('x'), { request_txn: { failure: [put('x')] } })).toBe(duplicate);
    expect(refusalOf(() => core.txn({ failure: [put('x'), put('x')] }))).toBe(duplicate);
    expect(refused({ request_txn: { success: [put('x')], failure: [put('x')] } }, del('y'))).toBe('answered');
  });

  test('a delete of everything from a key on escapes that check, as in etcd', () => {
    const told = watching(core, { key: bytes('\0'), range_end: bytes('\0'), prev_kv: true });
    expect(refused(del('a', '\0'), put('a', 'anew'))).toBe('answered');
    expect(events(told).slice(-1)[0]).toMatch(/^put a=anew@/);
    expect(told.at(-1)?.events.at(-1)?.prev_kv).toBeNull();
    core.txn({ success: [put('a', 'old')] });
  });

  test('nothing is changed by a transaction of which one put has a dead lease', () => {
    const before = core.revision;
    expect(refused(put('b'), put('a', 'new', '404'))).toBe('5 etcdserver: requested lease not found');
    expect([core.revision, texts(core.range(range('a')).kvs)]).toEqual([before, ['a=old']]);
  });

  test('an operation that is none, an empty key, a future read', () => {
    expect(refused({})).toBe('3 etcdserver: key not found');
    expect(refused(put(''))).toBe('3 etcdserver: key is not provided');
    expect(refused({ request_range: range('a', undefined, { revision: 99 }) })).toMatch(/future revision/);
  });

  test('a write above one and a half MiB, but not a read', () => {
    const limit = 1.5 * 1024 * 1024;
    expect(refusalOf(() => core.put({ key: bytes('a') }, limit))).toBe('3 etcdserver: request is too large');
    expect(refusalOf(() => core.txn({ failure: [put('z')] }, limit))).toMatch(/too large/);
    expect(refusalOf(() => core.txn({ success: [{ request_range: range('a') }] }, limit))).toBe('answered');
  });
});

describe('puts that keep something', () => {
  test('ignore_value keeps the value, ignore_lease the lease; without a key both are refused', () => {
    const core = new EtcdCore();
    core.leaseGrant({ ID: '7', TTL: 100 });
    core.put({ key: bytes('a'), value: bytes('1'), lease: '7' });
    core.put({ key: bytes('a'), value: bytes('2'), ignore_lease: true });
    expect(core.range(range('a')).kvs).toMatchObject([{ value: bytes('2'), lease: '7' }]);
    core.put({ key: bytes('a'), ignore_value: true });
    expect(core.range(range('a')).kvs).toMatchObject([{ value: bytes('2'), lease: '0', version: '3' }]);
    expect(refusalOf(() => core.put({ key: bytes('x'), ignore_value: true }))).toBe(
      '3 etcdserver: key not found',
    );
    expect(refusalOf(() => core.put({ key: bytes('a'), ignore_value: true, value: bytes('3') }))).toMatch(
      /value is provided/,
    );
    expect(refusalOf(() => core.put({ key: bytes('a'), ignore_lease: true, lease: '7' }))).toMatch(
      /lease is provided/,
    );
  });

  test('prev_kv gives the state before, of a put and of each key deleted', () => {
    const core = coreAfter(put('a', '1'), put('b', '2'));
    expect(core.put({ key: bytes('a'), value: bytes('3'), prev_kv: true }).prev_kv).toMatchObject({
      value: bytes('1'),
    });
    expect(core.put({ key: bytes('c'), prev_kv: true }).prev_kv).toBeNull();
    const deleted = core.deleteRange({ key: bytes('a'), range_end: bytes('z'), prev_kv: true });
    expect([deleted.deleted, texts(deleted.prev_kvs)]).toEqual(['3', ['a=3', 'b=2', 'c=']]);
  });
});
