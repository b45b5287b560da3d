/** Counts that every known defect of the implementation that is replaced is the subject of a test or of decision 20. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const defects = [
  ['W', 19],
  ['L', 16],
  ['C', 10],
  ['R', 4],
] as const;

const all = defects.flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

test('names every defect in the title of a test, or says why it cannot occur', () => {
  const [tested, recorded] = [inTitles(), inRecord()];
  expect(all.filter((id) => !tested.has(id) && !recorded.has(id))).toEqual([]);
  expect([...tested, ...recorded].filter((id) => !all.includes(id))).toEqual([]);
  expect([...recorded].filter((id) => tested.has(id))).toEqual([]);
});

/** The ids that stand as `[W3]` in a title; a title begins a call of `test` or `fault`. */
function inTitles(): ReadonlySet<string> {
  const here = new URL('./', import.meta.url);
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const titles = files.flatMap((name) => {
    const text = readFileSync(new URL(name, here), 'utf8');
    return [...text.matchAll(/\b(?:test|fault)\(\s*(['`])(.*?)\1/g)].map(([, , title = '']) => title);
  });
  return new Set(titles.flatMap((title) => [...title.matchAll(/\[([WLCR]\d+)\]/g)].map(([, id = '']) => id)));
}

function inRecord(): ReadonlySet<string> {
  const record = new URL('../docs/decisions/0020-defects-that-cannot-occur.md', import.meta.url);
  const rows = readFileSync(record, 'utf8').matchAll(/^\| ([WLCR]\d+) \|/gm);
  return new Set([...rows].map(([, id = '']) => id));
}
