import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { root, sources } from './sources.js';

/** The lines that something may have, and those that it must not exceed whatever the reason. */
const fileLimit = { lines: 250, hard: 400 };
const functionLimit = { lines: 40, hard: 70 };

/** What was too long when the limits came, or has a reason to be. The numbers may only go down. */
const allowed = JSON.parse(readFileSync(new URL('lengths.json', import.meta.url), 'utf8')) as {
  readonly files: Readonly<Record<string, number>>;
  readonly functions: Readonly<Record<string, number>>;
};

type Lengths = ReadonlyMap<string, number>;

/** What is longer than allowed, and what has become shorter than lengths.json says. */
function complaints(
  found: Lengths,
  exceptions: Readonly<Record<string, number>>,
  limit: typeof fileLimit,
): readonly string[] {
  const tooLong = [...found].filter(([, lines]) => lines > limit.lines);
  return [
    ...tooLong
      .filter(([name, lines]) => lines > limit.hard || lines > (exceptions[name] ?? 0))
      .map(
        ([name, lines]) =>
          `${name} has ${lines} lines, more than ${exceptions[name] ?? limit.lines}: split it`,
      ),
    ...Object.entries(exceptions)
      .filter(([name, lines]) => (found.get(name) ?? 0) < lines)
      .map(
        ([name]) => `${name} has ${found.get(name) ?? 0} lines now: say so in lengths.json, or take it out`,
      ),
  ];
}

test('no file is longer than it was, nor longer than 250 lines if it is new', () => {
  const lengths = new Map(sources.map(({ path, text }) => [path, text.trimEnd().split('\n').length]));
  expect(complaints(lengths, allowed.files, fileLimit)).toEqual([]);
});

test('no function is longer than it was, nor longer than 40 lines if it is new', () => {
  expect(complaints(functionLengths(), allowed.functions, functionLimit)).toEqual([]);
});

/** The functions of the product that are longer than the limit, by file and name, as the linter counts them. */
function functionLengths(): Lengths {
  const rules = fileURLToPath(new URL('function-length.oxlintrc.json', import.meta.url));
  const answer = linted(['-c', rules, '--format', 'json', 'machines', 'src', 'scripts']);
  const { diagnostics } = JSON.parse(answer) as {
    readonly diagnostics: readonly { readonly filename: string; readonly message: string }[];
  };
  return new Map(
    diagnostics.map(({ filename, message }) => {
      const name = /`(\w+)`/.exec(message)?.[1] ?? 'anonymous';
      return [`${filename} ${name}`, Number(/\((\d+)\)/.exec(message)?.[1])];
    }),
  );
}

/** oxlint ends with an error code when it finds something, which is not what is asked here. */
function linted(options: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), ...options], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout === undefined || stdout === '') throw error;
    return stdout;
  }
}
