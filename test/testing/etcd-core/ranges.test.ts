import { describe, expect, test } from 'vitest';
import { coreAfter, del, put, range, refusalOf, texts } from './requests.js';

describe('spans', () => {
  const core = coreAfter(put('a'), put('a\0'), put('b'), put('\xff'), put('\xff\xff'));
  const keysOf = (key: string, end?: string): string[] =>
    core.range(range(key, end)).kvs.map((kv) => kv.key.toString('latin1'));

  test('one key is found only by itself', () => {
    expect(keysOf('a')).toEqual(['a']);
  });

  test('a range stops before its end', () => {
    expect(keysOf('a', 'b')).toEqual(['a', 'a\0']);
  });

  test('range_end \\0 reads everything from the key on, in the order of bytes', () => {
    expect(keysOf('a\0', '\0')).toEqual(['a\0', 'b', '\xff', '\xff\xff']);
  });

  test('a range whose end is not above its key is empty', () => {
    expect(keysOf('b', 'a')).toEqual([]);
  });

  test('an empty key is refused', () => {
    expect(refusalOf(() => core.range(range('')))).toBe('3 etcdserver: key is not provided');
  });
});

describe('revisions', () => {
  test('a range at a revision shows the store as it was then, under the header of now', () => {
    const core = coreAfter(put('a', '1'), put('a', '2'), del('a'), put('b'));
    const at = (revision: number): string[] => texts(core.range(range('a', 'c', { revision })).kvs);
    expect([2, 3, 4, 5].map(at)).toEqual([['a=1'], ['a=2'], [], ['b=v']]);
    expect(core.range(range('a', 'c', { revision: 2 })).header.revision).toBe('5');
  });

  test('a key that was deleted starts again at version 1 with a new create revision', () => {
    const core = coreAfter(put('a'), put('a'), del('a'), put('a'));
    expect(core.range(range('a', undefined, { revision: 3 })).kvs[0]).toMatchObject({
      version: '2',
      create_revision: '2',
    });
    expect(core.range(range('a')).kvs[0]).toMatchObject({ version: '1', create_revision: '5' });
  });

  test('compaction keeps what is still there at its revision and refuses what is below', () => {
    const core = coreAfter(put('a', '1'), put('b', '1'), put('a', '2'), del('b'), put('c'));
    core.compact({ revision: 4 });
    expect(texts(core.range(range('a', '\0', { revision: 4 })).kvs)).toEqual(['a=2', 'b=1']);
    expect(refusalOf(() => core.range(range('a', '\0', { revision: 3 })))).toBe(
      '11 etcdserver: mvcc: required revision has been compacted',
    );
    expect(refusalOf(() => core.range(range('a', '\0', { revision: 7 })))).toBe(
      '11 etcdserver: mvcc: required revision is a future revision',
    );
  });

  test('compacting twice at one revision, or above the head, is refused', () => {
    const core = coreAfter(put('a'), put('a'));
    core.compact({ revision: 2 });
    expect(refusalOf(() => core.compact({ revision: 2 }))).toMatch(/^11 .* compacted$/);
    expect(refusalOf(() => core.compact({ revision: 4 }))).toMatch(/^11 .* future revision$/);
  });
});

describe('what a range leaves out', () => {
  const core = coreAfter(put('a', 'z'), put('b', 'y'), put('c', 'x'), put('b', 'w'));

  test('a limit cuts the list, not the count, and says there is more', () => {
    const cut = core.range(range('a', 'z', { limit: 2 }));
    expect([texts(cut.kvs), cut.count, cut.more]).toEqual([['a=z', 'b=w'], '3', true]);
    expect(core.range(range('a', 'z', { limit: 3 })).more).toBe(false);
  });

  test('keys_only leaves out values, count_only everything', () => {
    expect(texts(core.range(range('a', 'z', { keys_only: true })).kvs)).toEqual(['a=', 'b=', 'c=']);
    expect(core.range(range('a', 'z', { count_only: true, limit: 1 }))).toMatchObject({
      kvs: [],
      count: '3',
      more: false,
    });
  });

  test('revision filters select among the keys and leave the count', () => {
    const modified = core.range(range('a', 'z', { min_mod_revision: 4, max_mod_revision: 4 }));
    expect([texts(modified.kvs), modified.count]).toEqual([['c=x'], '3']);
    const created = core.range(range('a', 'z', { min_create_revision: 3, max_create_revision: 3 }));
    expect(texts(created.kvs)).toEqual(['b=w']);
  });
});

describe('order', () => {
  const core = coreAfter(put('a', 'z'), put('b', 'y'), put('c', 'x'), put('a', 'm'));
  const order = (
    sort_target: 'Key' | 'Version' | 'Create' | 'Mod' | 'Value',
    sort_order: 'None' | 'Ascend' | 'Descend',
    limit = 0,
  ): string =>
    core
      .range(range('a', 'z', { sort_target, sort_order, limit }))
      .kvs.map((kv) => kv.key.toString())
      .join('');

  test.each([
    ['Key', 'Descend', 'cba'],
    ['Version', 'Descend', 'abc'],
    ['Create', 'Descend', 'cba'],
    ['Mod', 'Ascend', 'bca'],
    ['Mod', 'Descend', 'acb'],
    ['Value', 'Ascend', 'acb'],
  ] as const)('by %s, %s gives %s', (target, direction, expected) => {
    expect(order(target, direction)).toBe(expected);
  });

  test('a target without an order sorts upward, but only what the limit let through', () => {
    expect(order('Mod', 'None')).toBe('bca');
    expect(order('Mod', 'Descend', 1)).toBe('a');
    const backwards = coreAfter(put('d'), put('c'), put('b'), put('a'));
    const first = backwards.range(range('a', 'z', { sort_target: 'Mod', limit: 1 }));
    expect([texts(first.kvs), first.more]).toEqual([['b=v'], true]);
  });
});
