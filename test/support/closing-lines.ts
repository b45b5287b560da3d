/**
 * The reporter that ends every run with two lines: what ran on a real etcd, and `N passed, N failed`, alone on
 * its line for people and scripts that read only the end. Before them it names the tests that failed.
 */
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestSuite, Vitest } from 'vitest/node';
import { etcdTag, type FoundEtcd } from './found-etcd.js';

/** What a run came to. `failed` counts tests, and everything else that makes a run red, once each. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of these: tests that ran, or would have run, on a real etcd. */
  readonly onEtcd: { readonly ran: number; readonly skipped: number };
}

/** What of vitest's test tree is counted here. */
export type CountedSuite = Pick<TestSuite, 'errors'>;
export interface CountedModule extends CountedSuite {
  readonly children: {
    allTests(): Iterable<{
      readonly tags: readonly string[];
      result(): { readonly state: 'passed' | 'failed' | 'skipped' | 'pending' };
    }>;
    allSuites(): Iterable<CountedSuite>;
  };
}

/**
 * A module that cannot be loaded, a hook that throws and an error outside any test are failures of their own:
 * no test carries them. A test that never ended is failed, not skipped.
 */
export function tallyOf(modules: Iterable<CountedModule>, errorsOutside: number): Tally {
  const tally = { passed: 0, failed: errorsOutside, skipped: 0, onEtcd: { ran: 0, skipped: 0 } };
  for (const module of modules) {
    for (const suite of [module, ...module.children.allSuites()]) {
      if (suite.errors().length > 0) tally.failed++;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      tally[state === 'pending' ? 'failed' : state]++;
      if (test.tags.includes(etcdTag)) tally.onEtcd[state === 'skipped' ? 'skipped' : 'ran']++;
    }
  }
  return tally;
}

/** The closing lines; where etcd is required, its absence is one more failure. */
export function closingLines(
  tally: Tally,
  etcd: FoundEtcd | null,
  etcdRequired: boolean,
): { readonly lines: readonly [etcd: string, result: string]; readonly failed: number } {
  const failed = tally.failed + (etcd === null && etcdRequired ? 1 : 0);
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  const result = `${tally.passed} passed, ${failed} failed${skipped}`;
  return { lines: [etcdLine(tally, etcd, etcdRequired), result], failed };
}

function etcdLine({ onEtcd }: Tally, etcd: FoundEtcd | null, etcdRequired: boolean): string {
  if (etcd !== null) return `==== ${onEtcd.ran} tests ran on a real etcd ${etcd.version} (${etcd.etcd}) ====`;
  const advice = 'no etcd binary (set ETCD_BIN or install etcd-server)';
  const verdict = etcdRequired ? '; CI requires it, so this run has FAILED' : '';
  return `==== ${onEtcd.skipped} tests SKIPPED: ${advice}${verdict} ====`;
}

/** True where a run without etcd must not be green. */
export function isEtcdRequired(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['CI'] !== undefined && !['', '0', 'false'].includes(env['CI']);
}

/** Of more failures only the first are named. */
const namedMax = 8;

export default class ClosingLines implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const etcd = this.#vitest?.getRootProject().getProvidedContext().etcd ?? null;
    const closing = closingLines(tallyOf(modules, errors.length), etcd, isEtcdRequired(process.env));
    if (closing.failed > 0) process.exitCode = 1;
    const titles = modules.flatMap(({ children }) => [...children.allTests('failed')]);
    const failed = titles.slice(0, namedMax).map(({ fullName }) => `FAILED ${fullName}\n`);
    process.stdout.write(`\n${failed.join('')}${closing.lines.join('\n')}\n`);
  }
}
