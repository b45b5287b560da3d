import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('docs/demo.md has all chapters of the demo, in order, to its good end', () => {
  const chapters = (text: string, pattern: RegExp): readonly (string | undefined)[] =>
    [...text.matchAll(pattern)].map(([, chapter]) => chapter);
  const told = chapters(read('docs/demo.md'), /^ *[\d.]+s +— +(.+)$/gm);
  const written = chapters(read('examples/play.ts') + read('examples/demo.ts'), /narrate\('(.+)'\)/g);
  expect(written.length).toBeGreaterThan(5);
  expect(told, 'docs/demo.md is stale: run `npm run docs:demo`').toEqual(written);
});
