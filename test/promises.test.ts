/** Keeps the numbered promises of ARCHITECTURE.md and docs/dubbo.md and the titles of the tests in agreement. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contractRows, promisesInTitles } from './support/contract-table.js';

const contract = [
  'REG-1 REG-2 REG-3 REG-4 REG-5 REG-6',
  'SUB-1 SUB-2 SUB-3 SUB-4 SUB-5 SUB-6 SUB-7 SUB-8',
  'LIFE-1 LIFE-2 LIFE-3 LIFE-4 LIFE-5',
  'SEE-1 SEE-2 SEE-3',
].flatMap((ids) => ids.split(' '));

const api = Array.from({ length: 10 }, (_, index) => `API-${index + 1}`);

describe.each([
  ['ARCHITECTURE.md', contract],
  ['docs/dubbo.md', api],
])('the contract in %s', (page, ids) => {
  const rows = contractRows(readFileSync(new URL(`../${page}`, import.meta.url), 'utf8'));
  const families = new Set(ids.map(familyOf));
  const named = [...promisesNamedByTests()].filter((id) => families.has(familyOf(id)));

  test('has every promise, in order and once', () => {
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });

  test('calls proven exactly what a test title names', () => {
    const proven = rows.filter((row) => row.proven).map(({ id }) => id);
    expect(proven.filter((id) => !named.includes(id))).toEqual([]);
    expect(named.filter((id) => !proven.includes(id))).toEqual([]);
  });
});

test('no title names a promise that no page makes', () => {
  const known = [...contract, ...api];
  expect([...promisesNamedByTests()].filter((id) => !known.includes(id))).toEqual([]);
});

describe('the reader of the contract', () => {
  test('takes a row for proven unless it says "not proven yet"', () => {
    const table = `
| id | promise | proven by |
|---|---|---|
| AB-1 | First. | not proven yet |
| AB-2 | \`a | b\` | proven: test/b.test.ts |
| not a row |
`;
    expect(contractRows(`| XY-9 | before the table | proven |\n${table}`)).toEqual([
      { id: 'AB-1', proven: false },
      { id: 'AB-2', proven: true },
    ]);
  });

  test('finds ids in titles of every quotation, and neither in comments nor in tests that do not run', () => {
    const file = [
      `test('one [AB-1]', () => {});`,
      `test("it's two [AB-2]", () => {});`,
      'describe(`three [AB-3] and [AB-4]`, () => {});',
      `test.for([1, 2])('five %d [AB-5]', () => {});`,
      `// test('comment [NO-1]')`,
      ` * of a block: 'comment [NO-2]'`,
      `test.skip('skipped [NO-3]', () => {});`,
      `test.todo('to do [NO-4]');`,
      'const row = table[NO-5];',
    ].join('\n');
    expect([...promisesInTitles(file)]).toEqual(['AB-1', 'AB-2', 'AB-3', 'AB-4', 'AB-5']);
  });
});

/** `REG` of `REG-1`. */
function familyOf(id: string): string {
  return id.slice(0, id.indexOf('-'));
}

function promisesNamedByTests(): ReadonlySet<string> {
  const here = new URL('./', import.meta.url);
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.test.ts') && file !== 'promises.test.ts',
  );
  return new Set(files.flatMap((file) => [...promisesInTitles(readFileSync(new URL(file, here), 'utf8'))]));
}
