/**
 * Do the tests notice when a machine is broken? Breaks each machine in turn and plays its transition tables and the
 * scenarios against it: `npm run mutate`, or `npm run mutate -- lease` for one machine. Ends with exit code 1 when a
 * mutant survives that docs/mutation.md does not explain.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../machines/index.js';
import { playScenario, type ScenarioMachines } from '../src/testing/index.js';
import { viewOfRegistry } from '../test/support/registry-view.js';
import {
  type ContextView,
  outcomeOf,
  parseTable,
  type TransitionRow,
} from '../test/support/transition-table.js';
import { type Mutant, mutantsOf } from './mutants.js';

interface Subject {
  readonly machine: AnyStateMachine;
  readonly rows: readonly TransitionRow[];
  readonly view?: ContextView;
  /** The machines of the scenarios, with this one broken. */
  readonly cast: (broken: never) => ScenarioMachines;
}

const machines = {
  connection: connectionMachine,
  lease: leaseMachine,
  watcher: watcherMachine,
  registry: registryMachine,
};

const subjects: readonly Subject[] = [
  {
    machine: connectionMachine,
    rows: rowsIn('connection.txt'),
    cast: (connection) => ({
      ...machines,
      connection,
      registry: registryMachine.provide({ actors: { connection } }),
    }),
  },
  {
    machine: leaseMachine,
    rows: rowsIn('lease.txt'),
    cast: (lease) => ({ ...machines, lease, registry: registryMachine.provide({ actors: { lease } }) }),
  },
  { machine: watcherMachine, rows: rowsIn('watcher.txt'), cast: (watcher) => ({ ...machines, watcher }) },
  {
    machine: registryMachine,
    rows: rowsIn(
      'registry-life.txt',
      'registry-publishing.txt',
      'registry-answers.txt',
      'registry-auditing.txt',
      'registry-guarding.txt',
    ),
    view: viewOfRegistry,
    cast: (registry) => ({ ...machines, registry }),
  },
];

const scenarios = filesIn('scenarios').map((name) => readFileSync(testFile(`scenarios/${name}`), 'utf8'));

/** Who notices the break; undefined when nobody does. */
function killerOf({ machine }: Mutant, { rows, view, cast }: Subject): 'table' | 'scenario' | undefined {
  if (rows.some((row) => !holds(() => outcomeOf(machine, row, view) === row.outcome))) return 'table';
  const broken = cast(machine as never);
  return scenarios.some((script) => !holds(() => playScenario(script, broken) === script))
    ? 'scenario'
    : undefined;
}

/** A machine that throws is noticed as well. */
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function rowsIn(...names: readonly string[]): readonly TransitionRow[] {
  return names.flatMap((name) => parseTable(readFileSync(testFile(`machines/${name}`), 'utf8')));
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(testFile(directory)).sort();
}

function testFile(path: string): URL {
  return new URL(`../test/${path}`, import.meta.url);
}

/** The survivors that docs/mutation.md explains: a list item each, that begins with the mutant's name in backticks. */
function explainedSurvivors(): ReadonlySet<string> {
  const text = readFileSync(new URL('../docs/mutation.md', import.meta.url), 'utf8');
  return new Set([...text.matchAll(/^- `([^`]+)`/gm)].map(([, name]) => name ?? ''));
}

interface Verdict {
  readonly mutants: readonly Mutant[];
  readonly killers: readonly ('table' | 'scenario' | undefined)[];
}

function judge(subject: Subject): Verdict {
  const { machine } = subject;
  if (killerOf({ name: 'none', machine }, subject) !== undefined)
    throw new Error(`the tests of ${machine.id} fail as it is; repair them first`);
  const mutants = mutantsOf(machine);
  const killers = mutants.map((mutant, index) => {
    if (index % 50 === 0) process.stderr.write(`${machine.id}: ${index} of ${mutants.length} mutants\n`);
    return killerOf(mutant, subject);
  });
  return { mutants, killers };
}

const wanted = process.argv.slice(2);
const verdicts = subjects
  .filter(({ machine }) => wanted.length === 0 || wanted.includes(machine.id))
  .map((subject) => ({ subject, ...judge(subject) }));
const survivors = verdicts.flatMap(({ mutants, killers }) =>
  mutants.flatMap(({ name }, index) => (killers[index] === undefined ? [name] : [])),
);
console.table(
  verdicts.map(({ subject, mutants, killers }) => ({
    machine: subject.machine.id,
    mutants: mutants.length,
    'killed by its table': killers.filter((killer) => killer === 'table').length,
    'killed by a scenario': killers.filter((killer) => killer === 'scenario').length,
    survived: killers.filter((killer) => killer === undefined).length,
  })),
);
const explained = explainedSurvivors();
for (const name of survivors) console.log(`survived: ${name}${explained.has(name) ? ' (explained)' : ''}`);
const outdated = wanted.length === 0 ? [...explained].filter((name) => !survivors.includes(name)) : [];
for (const name of outdated) console.log(`docs/mutation.md explains what does not survive: ${name}`);
process.exitCode = outdated.length > 0 || survivors.some((name) => !explained.has(name)) ? 1 : 0;
