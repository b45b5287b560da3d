/** Copies of the project in which something is taken out, and the tests that are run there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit } from './removal.js';

const project = fileURLToPath(new URL('../../', import.meta.url));
const parts = [
  'machines',
  'src',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'vitest.faults.config.ts',
] as const;

/** What vitest says about one test. */
export interface Verdict {
  readonly title: string;
  readonly isRed: boolean;
  /** The first line of what it failed with. */
  readonly reason: string;
}

interface Report {
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** The text with the edit made. Throws where its place is not found exactly once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const [before, after, ...others] = text.split(find);
  if (before === undefined || after === undefined || others.length > 0)
    throw new Error(`${file} has to hold this once, but does not: ${find}`);
  return before + replace + after;
}

/** Runs the tests of these defects in one file, or in all, in a copy with the edits made. */
export async function judge(
  edits: readonly Edit[],
  defects: readonly string[],
  files: readonly string[],
): Promise<readonly Verdict[]> {
  const copy = mkdtempSync(join(tmpdir(), 'leasehold-defect-'));
  try {
    for (const part of parts) cpSync(join(project, part), join(copy, part), { recursive: true });
    symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
    for (const edit of edits) {
      const path = join(copy, edit.file);
      writeFileSync(path, edited(readFileSync(path, 'utf8'), edit));
    }
    const isFault = (file: string): boolean => file.startsWith('test/faults/');
    return [
      ...(await run(copy, 'vitest.faults.config.ts', defects, files.filter(isFault))),
      ...(await run(
        copy,
        'vitest.config.ts',
        defects,
        files.filter((file) => !isFault(file)),
      )),
    ];
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function run(
  copy: string,
  config: string,
  defects: readonly string[],
  files: readonly string[],
): Promise<readonly Verdict[]> {
  if (files.length === 0) return [];
  const output = join(copy, 'report.json');
  const titles = `\\[(${defects.join('|')})\\]`;
  const args = ['run', '--config', config, ...files, '-t', titles];
  const vitest = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', ...args, '--reporter=json', `--outputFile=${output}`],
    { cwd: copy, env: { ...process.env, CI: 'true' }, stdio: 'ignore' },
  );
  await once(vitest, 'exit');
  const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
  const broken = report.testResults.find(({ assertionResults }) => assertionResults.length === 0);
  if (broken !== undefined) throw new Error(`a file of tests did not load: ${broken.message}`);
  return report.testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ title, status, failureMessages: [reason = ''] = [] }) => ({
        title,
        isRed: status === 'failed',
        reason: reason.split('\n', 1)[0] ?? '',
      })),
  );
}
