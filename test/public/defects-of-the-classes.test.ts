/** Every defect of Dubbo's registry classes that is ours to avoid (E: EtcdRegistry, F: its base classes) is refuted by a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const defects = [...numbered('E', 16), ...numbered('F', 10)];

test('names each defect in the title of a test, and none that is not known', () => {
  const named = inTitles();
  expect(defects.filter((id) => !named.has(id))).toEqual([]);
  expect([...named].filter((id) => !defects.includes(id))).toEqual([]);
});

test('docs/dubbo.md says of each defect, in order, what is done instead', () => {
  const page = readFileSync(new URL('../../docs/dubbo.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([EF]\d+) \| .+ \| .+ \|$/gm)].map(([, id]) => id);
  expect(rows).toEqual(defects);
});

function inTitles(): ReadonlySet<string> {
  const here = new URL('../', import.meta.url);
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  const named = new Set<string>();
  for (const file of files) {
    const text = readFileSync(new URL(file, here), 'utf8');
    // A title stands behind `test(`, or first in a row of a table of tests.
    for (const [title] of text.matchAll(/^\s*(?:test\(|\[?'|\]\)\()[^\n]*\[[EF]\d+\]/gm))
      for (const [, id = ''] of title.matchAll(/\[([EF]\d+)\]/g)) named.add(id);
  }
  return named;
}

function numbered(letter: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}
