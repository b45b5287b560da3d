import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import {
  type CountedModule,
  type CountedSuite,
  closingLines,
  isEtcdRequired,
  type Tally,
  tallyOf,
} from './closing-lines.js';

type State = 'passed' | 'failed' | 'skipped' | 'pending';

const found = { etcd: '/usr/bin/etcd', version: '3.4.23' };
const green: Tally = { passed: 3, failed: 0, skipped: 0, onEtcd: { ran: 2, skipped: 0 } };

describe('the tally', () => {
  test('counts tests by how they ended, and those on etcd apart', () => {
    const tally = tallyOf(
      [
        moduleOf([['passed'], ['passed', 'etcd'], ['failed', 'etcd'], ['skipped'], ['skipped', 'etcd']]),
        moduleOf([['passed']]),
      ],
      0,
    );
    expect(tally).toEqual({ passed: 3, failed: 1, skipped: 2, onEtcd: { ran: 2, skipped: 1 } });
  });

  test('counts as failed what no test carries: broken modules, hooks, errors outside, tests without end', () => {
    const brokenHook: CountedSuite = { errors: () => [error, error] };
    expect(tallyOf([moduleOf([], [error])], 0).failed).toBe(1);
    expect(tallyOf([moduleOf([['passed']], [], [brokenHook])], 0).failed).toBe(1);
    expect(tallyOf([], 2).failed).toBe(2);
    expect(tallyOf([moduleOf([['pending']])], 0)).toMatchObject({ failed: 1, skipped: 0 });
  });
});

describe('the closing lines', () => {
  test('name the etcd and how many tests ran on it', () => {
    expect(closingLines(green, found, true)).toEqual({
      lines: ['==== 2 tests ran on a real etcd 3.4.23 (/usr/bin/etcd) ====', '3 passed, 0 failed'],
      failed: 0,
    });
  });

  test('say loudly what was skipped for want of an etcd', () => {
    const tally = { ...green, skipped: 7, onEtcd: { ran: 0, skipped: 7 } };
    expect(closingLines(tally, null, false)).toEqual({
      lines: [
        '==== 7 tests SKIPPED: no etcd binary (set ETCD_BIN or install etcd-server) ====',
        '3 passed, 0 failed, 7 skipped',
      ],
      failed: 0,
    });
  });

  test('count a missing etcd as a failure where it is required', () => {
    const { lines, failed } = closingLines(green, null, true);
    expect(failed).toBe(1);
    expect(lines[0]).toContain('FAILED');
    expect(lines[1]).toBe('3 passed, 1 failed');
  });

  test.for([
    ['true', true],
    ['1', true],
    ['false', false],
    ['', false],
    [undefined, false],
  ] as const)('with CI=%s require an etcd: %s', ([value, required]) => {
    expect(isEtcdRequired({ CI: value })).toBe(required);
  });
});

describe('a whole run', () => {
  test('ends with its two lines and is red, and counts what vitest really reports', async () => {
    const ended = await runFixtures({ CI: '' });
    const etcd = inject('etcd');
    expect(ended.code).toBe(1);
    expect(ended.named).toEqual(['FAILED fails']);
    expect(ended.lines).toEqual(
      etcd === null
        ? [
            '==== 2 tests SKIPPED: no etcd binary (set ETCD_BIN or install etcd-server) ====',
            '1 passed, 3 failed, 5 skipped',
          ]
        : [
            `==== 2 tests ran on a real etcd ${etcd.version} (${etcd.etcd}) ====`,
            '3 passed, 3 failed, 3 skipped',
          ],
    );
  });

  test('is red without etcd in CI although every test that ran was green', async () => {
    const only = ['-t', 'passes'];
    expect(await runFixtures({ CI: '', ETCD_BIN: 'none' }, 'closing-lines.fixture', ...only)).toMatchObject({
      code: 0,
    });
    const inCi = await runFixtures({ CI: 'true', ETCD_BIN: 'none' }, 'closing-lines.fixture', ...only);
    expect(inCi.code).toBe(1);
    expect(inCi.lines[0]).toContain('CI requires it, so this run has FAILED');
  });
});

const error = { message: 'broken' };

/** A module as vitest would report it; a test is its state and its tags. */
function moduleOf(
  tests: readonly (readonly [State, ...string[]])[],
  errors: readonly unknown[] = [],
  suites: readonly CountedSuite[] = [],
): CountedModule {
  return {
    errors: () => [...errors] as ReturnType<CountedModule['errors']>,
    children: {
      allSuites: () => suites,
      allTests: () => tests.map(([state, ...tags]) => ({ tags, result: () => ({ state }) })),
    },
  };
}

/** Runs the fixtures in a vitest of their own; resolves with its exit code, the failures it names and its last two lines. */
function runFixtures(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ code: number; named: readonly string[]; lines: readonly string[] }> {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const config = fileURLToPath(new URL('../fixtures/vitest.config.ts', import.meta.url));
  const child = { env: { ...process.env, VITEST: '', ...env }, timeout: 25_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [vitest, 'run', '--config', config, ...args], child, (failure, stdout) => {
      const code = failure === null ? 0 : Number(failure.code);
      const lines = stdout.trimEnd().split('\n');
      resolve({ code, named: lines.filter((line) => line.startsWith('FAILED ')), lines: lines.slice(-2) });
    });
  });
}
