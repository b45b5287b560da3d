import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('package-lock.json names every optional package, without which npm ci refuses it', () => {
  const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const optional = Object.values(packages).flatMap((each) => Object.keys(each.optionalDependencies ?? {}));
  expect(optional.length).toBeGreaterThan(0);
  // To mend it: npx tsx scripts/complete-lock.ts
  expect(
    optional.filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))),
  ).toEqual([]);
});
