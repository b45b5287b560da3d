/**
 * Does each known defect come back, and is it noticed, when our handling of it is taken out? Takes each out in a copy
 * of the project and runs the tests that have the defect in their title: `npm run defects`, or `npm run defects -- W9 L4`
 * for some. Exits 1 when a removal stays green. `-- --write` puts what it found into docs/defects.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Removal } from './defects/removal.js';
import { removals } from './defects/removals.js';
import { judge, type Verdict } from './defects/workshop.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, 'at-once': { type: 'string', default: '2' } },
});
const wanted = removals.filter(({ defect }) => positionals.length === 0 || positionals.includes(defect));
if (wanted.length === 0) throw new Error(`nothing is taken out for ${positionals.join(' ')}`);

interface Finding {
  readonly removal: Removal;
  readonly red: readonly Verdict[];
  readonly green: readonly Verdict[];
}

await requireGreen();
const findings: Finding[] = [];
const waiting = [...wanted];
await Promise.all(Array.from({ length: Number(values['at-once']) }, work));
findings.sort((a, b) => wanted.indexOf(a.removal) - wanted.indexOf(b.removal));

const quiet = findings.filter(({ red }) => red.length === 0);
// Not every removal concerns every test of its defect, but each test has to notice one of them.
const noticed = new Set(
  findings.flatMap(({ removal, red }) => red.map(({ title }) => nameOf(removal, title))),
);
const idle = findings.flatMap(({ removal, green }) =>
  green.map(({ title }) => nameOf(removal, title)).filter((name) => !noticed.has(name)),
);
for (const { removal } of quiet) console.log(`stays green: ${removal.defect}: ${removal.what}`);
for (const name of new Set(idle)) console.log(`notices nothing: ${name}`);
console.log(`${findings.length} removals, ${findings.length - quiet.length} noticed`);
if (values.write) write();
process.exitCode = quiet.length > 0 || idle.length > 0 ? 1 : 0;

/** A test that fails anyway would notice everything. */
async function requireGreen(): Promise<void> {
  const defects = [...new Set(wanted.map(({ defect }) => defect))];
  const files = [...new Set(wanted.map(({ test }) => test))];
  const red = (await judge([], defects, files)).filter(({ isRed }) => isRed);
  for (const { title, reason } of red) console.log(`red as it is: ${title}: ${reason}`);
  if (red.length > 0) throw new Error('tests fail though nothing is taken out; repair them first');
}

async function work(): Promise<void> {
  for (let removal = waiting.shift(); removal !== undefined; removal = waiting.shift()) {
    const began = performance.now();
    const verdicts = await judge(removal.edits, [removal.defect], [removal.test]);
    const red = verdicts.filter(({ isRed }) => isRed);
    findings.push({ removal, red, green: verdicts.filter(({ isRed }) => !isRed) });
    const seconds = Math.round((performance.now() - began) / 1_000);
    const result = red.map(({ title, reason }) => `\n    red: ${title}\n         ${reason}`).join('');
    console.log(`${removal.defect}: ${removal.what} (${seconds} s)${result || '\n    STAYS GREEN'}`);
  }
}

function nameOf({ defect, test }: Removal, title: string): string {
  return `${defect} ${test}: ${title}`;
}

/** What was not taken out this time keeps its row. */
function write(): void {
  const path = new URL('../docs/defects.md', import.meta.url);
  const [before = '', table] = readFileSync(path, 'utf8').split(/^\| defect /m);
  if (table === undefined) throw new Error('docs/defects.md has no table');
  const rows = removals.flatMap((removal) => {
    const begin = `| ${removal.defect} | ${removal.what} |`;
    const known = table.split('\n').find((row) => row.startsWith(begin));
    const finding = findings.find((each) => each.removal === removal);
    return finding === undefined ? (known ?? []) : `${begin} ${shown(finding)} |`;
  });
  const head = '| defect | what the code does without our handling | red then |\n|---|---|---|';
  writeFileSync(path, `${before}${head}\n${rows.join('\n')}\n`);
}

function shown({ removal, red }: Finding): string {
  const titles = [...new Set(red.map(({ title }) => title))];
  return titles.length === 0 ? 'NONE' : `${titles.join('; ')} (${removal.test.replace(/^test\//, '')})`;
}
