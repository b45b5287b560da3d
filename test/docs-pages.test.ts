/** The pages for users say what runs: each of their programs is a region of an example, and their links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const pages = ['README.md', 'docs/dubbo.md', 'docs/subscribing.md', 'docs/shutdown.md'];

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The text of every region of every example. */
const regions = readdirSync(join(root, 'examples')).flatMap((file) =>
  [...read(`examples/${file}`).matchAll(/^\/\/ #region (\S+)\n([\s\S]*?)^\/\/ #endregion \1$/gm)].map(
    ([, , text = '']) => text,
  ),
);

function programsIn(page: string): readonly string[] {
  return [...read(page).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
}

describe.each(pages)('%s', (page) => {
  test('shows only programs that are regions of an example', () => {
    expect(programsIn(page).filter((program) => !regions.includes(program))).toEqual([]);
  });

  test('links to files that are there', () => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link);
    const broken = links.filter(
      (link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), link)),
    );
    expect(broken).toEqual([]);
  });
});

test('every region of an example is shown on a page', () => {
  const shown = pages.flatMap(programsIn);
  expect(regions.filter((region) => !shown.includes(region))).toEqual([]);
  expect(regions.length).toBeGreaterThan(5);
});

test('the README leads to every page', () => {
  const readme = read('README.md');
  expect(pages.slice(1).filter((page) => !readme.includes(`](${page})`))).toEqual([]);
});
