import { expect, test } from 'vitest';
import type { WriteBatch } from '../../machines/index.js';
import type { Registration } from '../../machines/registration.js';
import { planWrites } from '../../machines/write-plan.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';

function planOf(
  registrations: readonly Registration[],
  given: { fence?: string | null; ensured?: readonly string[]; dirty?: readonly string[] } = {},
): readonly WriteBatch[] {
  return planWrites({
    registrations: registrationsOf(...registrations),
    dirty: given.dirty ?? registrations.map(({ key }) => key),
    leaseId: '42',
    fence: given.fence === undefined ? '0' : given.fence,
    ensured: keysOf(...(given.ensured ?? [])),
  });
}

function numbered(count: number, given: Partial<Registration> = {}): Registration[] {
  return Array.from({ length: count }, (_, index) => registrationOf(`/${index}`, given));
}

const parent = { key: '/p', value: '1' };

test('puts what is pending, and says which intent that serves', () => {
  expect(planOf([registrationOf('/a', { version: 3 })])).toEqual([
    {
      id: 0,
      operations: [{ type: 'put', key: '/a', value: null, leased: true, onlyIfFree: false }],
      versions: new Map([['/a', 3]]),
      fenceBump: null,
    },
  ]);
});

test('plans only what is dirty, and what is still known', () => {
  const [batch, ...others] = planOf([registrationOf('/a'), registrationOf('/b')], { dirty: ['/b', '/gone'] });
  expect([[...(batch?.versions.keys() ?? [])], others]).toEqual([['/b'], []]);
  expect(planOf([], { dirty: ['/gone'] })).toEqual([]);
});

test('repairs only a key that is free', () => {
  const [batch] = planOf([registrationOf('/a', { repair: true })]);
  expect(batch?.operations).toEqual([
    { type: 'put', key: '/a', value: null, leased: true, onlyIfFree: true },
  ]);
});

test('takes a key for free that may lie under a lease of ours which we have given up', () => {
  const operationOf = (given: Partial<Registration>) =>
    planOf([registrationOf('/a', { repair: true, ...given })])[0]?.operations[0];
  const repair = { type: 'put', key: '/a', value: null, leased: true, onlyIfFree: true };
  expect(operationOf({ leaseId: '41' })).toEqual({ ...repair, formerLeases: ['41'] });
  expect(operationOf({ leaseId: '42' })).toEqual(repair);
  expect(operationOf({ leaseId: '41', attempted: ['40', '42', '41'] })).toEqual({
    ...repair,
    formerLeases: ['41', '40'],
  });
  expect(operationOf({ leaseId: '41', repair: false })).toEqual({ ...repair, onlyIfFree: false });
});

test('deletes what is under our lease, or was when it was written', () => {
  const withdrawing = { state: 'withdrawing', sent: true } as const;
  const operationOf = (given: Partial<Registration>) => planOf([registrationOf('/a', given)])[0]?.operations;
  expect(operationOf({ ...withdrawing, leaseId: '41' })).toEqual([
    { type: 'delete', key: '/a', owners: ['42', '41'], value: null },
  ]);
  expect(operationOf({ ...withdrawing, leaseId: '42' })).toEqual([
    { type: 'delete', key: '/a', owners: ['42'], value: null },
  ]);
  expect(operationOf({ ...withdrawing, leaseId: null })).toEqual([
    { type: 'delete', key: '/a', owners: ['42'], value: null },
  ]);
});

test('deletes what was written for good while it has our value', () => {
  const [batch] = planOf([registrationOf('/a', { state: 'withdrawing', leased: false, value: '7' })]);
  expect(batch?.operations).toEqual([{ type: 'delete', key: '/a', owners: [], value: '7' }]);
});

test('ensures each parent once in a transaction, and not again once it is ensured', () => {
  const children = [registrationOf('/a', { parent }), registrationOf('/b', { parent })];
  const typesOf = (batches: readonly WriteBatch[]) =>
    batches.map(({ operations }) => operations.map(({ type }) => type));
  expect(typesOf(planOf(children))).toEqual([['ensure', 'put', 'put']]);
  expect(typesOf(planOf(children, { ensured: ['/p'] }))).toEqual([['put', 'put']]);
  const alone = children.map((child) => ({ ...child, solo: true }));
  expect(typesOf(planOf(alone))).toEqual([
    ['ensure', 'put'],
    ['ensure', 'put'],
  ]);
  const withdrawn = registrationOf('/a', { parent, state: 'withdrawing' });
  expect(typesOf(planOf([withdrawn]))).toEqual([['delete']]);
});

test('fills transactions up to 124 operations, and leaves room for the fences', () => {
  const sizes = planOf(numbered(300)).map(({ operations }) => operations.length);
  expect(sizes).toEqual([124, 124, 52]);
  expect(planOf(numbered(300)).map(({ id }) => id)).toEqual([0, 1, 2]);
});

test('leaves room for the guards of operations, which etcd counts as well', () => {
  const sizesOf = (given: Partial<Registration>) =>
    planOf(numbered(130, given)).map(({ operations }) => operations.length);
  const attempted = ['40', '39', '38'];
  expect(sizesOf({ repair: true })).toEqual([124, 6]);
  expect(sizesOf({ repair: true, leaseId: '41', attempted })).toEqual([120, 10]);
  expect(sizesOf({ repair: true, leased: false, value: '7' })).toEqual([123, 7]);
  const withdrawing = { state: 'withdrawing', sent: true } as const;
  expect(sizesOf({ ...withdrawing, leaseId: '42' })).toEqual([124, 6]);
  expect(sizesOf({ ...withdrawing, leaseId: '41', attempted })).toEqual([119, 11]);
});

test('counts the bytes of what guards repeat', () => {
  const long = Array.from({ length: 124 }, (_, index) => registrationOf(`/${'x'.repeat(1_800)}${index}`));
  expect(planOf(long)).toHaveLength(1);
  const repairs = long.map((known): Registration => ({ ...known, repair: true, leaseId: '41' }));
  expect(planOf(repairs).length).toBeGreaterThan(1);
});

test('does not part an entry from its parent at the end of a transaction', () => {
  const registrations = [...numbered(123), registrationOf('/last', { parent })];
  const batches = planOf(registrations).map(({ operations }) => operations.map(({ type }) => type));
  const withParent = batches.find((types) => types.includes('ensure')) ?? [];
  expect(withParent.indexOf('put', withParent.indexOf('ensure'))).toBe(withParent.indexOf('ensure') + 1);
  expect(batches.every((types) => types.length <= 124)).toBe(true);
});

test('ensures the parent again in the next transaction, which may be applied alone', () => {
  const batches = planOf(numbered(130, { parent }));
  expect(batches.map(({ operations }) => operations.filter(({ type }) => type === 'ensure').length)).toEqual([
    1, 1,
  ]);
  expect(batches.map(({ versions }) => versions.size)).toEqual([123, 7]);
});

test('keeps a transaction below 1 MiB, however the text is encoded', () => {
  const large = { leased: false, value: 'x'.repeat(400_000) };
  expect(planOf(numbered(5, large)).map(({ versions }) => versions.size)).toEqual([2, 2, 1]);
  const wide = { leased: false, value: '€'.repeat(150_000) };
  expect(planOf(numbered(5, wide)).map(({ versions }) => versions.size)).toEqual([2, 2, 1]);
});

test('sends an entry that is larger than that alone, for etcd to refuse', () => {
  const sizes = planOf([
    registrationOf('/large', { leased: false, value: 'x'.repeat(2_000_000) }),
    ...numbered(2),
  ]).map(({ versions }) => [...versions.keys()]);
  expect(sizes).toContainEqual(['/large']);
});

test('sends an entry alone that was refused together with others', () => {
  const registrations = [...numbered(2), registrationOf('/solo', { solo: true }), registrationOf('/z')];
  const keys = planOf(registrations).map(({ versions }) => [...versions.keys()]);
  expect(keys).toContainEqual(['/solo']);
  expect(keys.flat().sort()).toEqual(['/0', '/1', '/solo', '/z']);
});

test('moves the fence for what overtakes a write of unknown outcome, and sends nothing else', () => {
  const overtaking = registrationOf('/a', {
    state: 'withdrawing',
    version: 2,
    ambiguous: { fence: '9', version: 1 },
  });
  const batches = planOf([registrationOf('/b'), overtaking], { fence: '9' });
  expect(batches.map(({ versions, fenceBump }) => [[...versions.keys()], fenceBump])).toEqual([
    [['/a'], '10'],
  ]);
});

test('moves the fence for one transaction at a time', () => {
  const overtaking = numbered(300, { version: 2, ambiguous: { fence: '9', version: 1 } });
  const batches = planOf(overtaking, { fence: '9' });
  expect(batches.map(({ versions, fenceBump }) => [versions.size, fenceBump])).toEqual([[124, '10']]);
});

test('repeats a put of unknown outcome without moving the fence, and a delete with', () => {
  const ambiguous = { fence: '9', version: 2 };
  const bumpOf = (given: Partial<Registration>) =>
    planOf([registrationOf('/a', { version: 2, ambiguous, ...given })], { fence: '9' })[0]?.fenceBump;
  expect(bumpOf({})).toBeNull();
  expect(bumpOf({ state: 'withdrawing' })).toBe('10');
});

test('need not move a fence that has moved since, or that is not there', () => {
  const overtaking = registrationOf('/a', { version: 2, ambiguous: { fence: '9', version: 1 } });
  expect(planOf([overtaking], { fence: '10' })[0]?.fenceBump).toBeNull();
  expect(planOf([overtaking], { fence: null })[0]?.fenceBump).toBeNull();
});

test('moves the fence to a value that was not there before, whatever somebody has put there', () => {
  const doubtful = (fence: string) =>
    registrationOf('/a', { state: 'withdrawing', sent: true, ambiguous: { fence, version: 1 } });
  const bumpOf = (fence: string) => planOf([doubtful(fence)], { fence })[0]?.fenceBump ?? null;
  expect([bumpOf('9'), bumpOf('x'), bumpOf('')]).toEqual(['10', 'x1', '1']);
  const begun = [
    '0',
    '9',
    '007',
    '-1',
    '-',
    '',
    ' ',
    '1e3',
    '0x10',
    '1n',
    '١',
    'NaN',
    '1\n',
    '9'.repeat(2_000),
  ];
  for (const first of begun) {
    const values = [first];
    for (let move = 0; move < 30; move += 1) values.push(bumpOf(values.at(-1) ?? '') ?? 'not moved');
    expect([first, new Set(values).size]).toEqual([first, values.length]);
  }
});

test('writes everything else though what has to overtake a late write is denied', () => {
  const [denied, late] = [
    { state: 'withdrawing', sent: true, solo: true, ambiguous: { fence: '0', version: 0 } } as const,
    { state: 'withdrawing', sent: true, ambiguous: { fence: '0', version: 0 } } as const,
  ];
  const lastError = { kind: 'denied', message: 'permission denied' } as const;
  const refused = ['/x', '/y'].map((key) => registrationOf(key, { ...denied, lastError }));
  const bumpsOf = (batches: readonly WriteBatch[]) =>
    batches.map(({ versions, fenceBump }) => [...versions.keys(), fenceBump]);
  expect(bumpsOf(planOf([...refused, registrationOf('/b')]))).toEqual([
    ['/b', null],
    ['/x', '1'],
    ['/y', '1'],
  ]);
  expect(bumpsOf(planOf([...refused, registrationOf('/b'), registrationOf('/c', late)]))).toEqual([
    ['/c', '1'],
  ]);
  const ids = planOf([...refused, registrationOf('/b')]).map(({ id }) => id);
  expect(ids).toEqual([0, 1, 2]);
});
