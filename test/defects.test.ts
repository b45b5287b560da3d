/**
 * Counts that every known defect of the implementation that is replaced is the subject of a test or of decision 20, and
 * that `npm run defects`, which takes our handlings out one at a time, finds each of them where it says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { removals } from '../scripts/defects/removals.js';
import { edited } from '../scripts/defects/workshop.js';

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
  const [tested, recorded] = [new Set(inTitles().map(({ defect }) => defect)), inRecord()];
  expect(all.filter((id) => !tested.has(id) && !recorded.has(id))).toEqual([]);
  expect([...tested, ...recorded].filter((id) => !all.includes(id))).toEqual([]);
  expect([...recorded].filter((id) => tested.has(id))).toEqual([]);
});

test('takes out a handling for every test that names a defect, and runs that test', () => {
  const named = inTitles().map(({ defect, file }) => `${defect} ${file}`);
  expect([...new Set(named)].sort()).toEqual(
    [...new Set(removals.map((removal) => `${removal.defect} ${removal.test}`))].sort(),
  );
});

test('finds what is taken out exactly once, where it is said to be', () => {
  const texts = removals.flatMap(({ edits }) => {
    const byFile = new Map<string, string>();
    for (const edit of edits) {
      const text = byFile.get(edit.file) ?? textOf(`../${edit.file}`);
      byFile.set(edit.file, edited(text, edit));
    }
    return [...byFile.values()];
  });
  expect(texts.length).toBeGreaterThan(50);
});

test('tells what has been found of everything that is taken out', () => {
  const rows = [...textOf('../docs/defects.md').matchAll(/^\| ([WLCR]\d+) \| (.*?) \| (.*?) \|$/gm)];
  expect(rows.map(([, defect, what]) => `${defect} ${what}`)).toEqual(
    removals.map(({ defect, what }) => `${defect} ${what}`),
  );
  expect(rows.filter(([, , , red]) => red === 'NONE')).toEqual([]);
});

/** The ids that stand as `[W3]` in a title; a title begins a call of `test` or `fault`. */
function inTitles(): readonly { readonly defect: string; readonly file: string }[] {
  const here = new URL('./', import.meta.url);
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  return files.flatMap((name) => {
    const titles = textOf(name).matchAll(/\b(?:test|fault)\(\s*(['`])(.*?)\1/g);
    const ids = [...titles].flatMap(([, , title = '']) => [...title.matchAll(/\[([WLCR]\d+)\]/g)]);
    return ids.map(([, defect = '']) => ({ defect, file: `test/${name}` }));
  });
}

function inRecord(): ReadonlySet<string> {
  const rows = textOf('../docs/decisions/0020-defects-that-cannot-occur.md').matchAll(/^\| ([WLCR]\d+) \|/gm);
  return new Set([...rows].map(([, id = '']) => id));
}

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
