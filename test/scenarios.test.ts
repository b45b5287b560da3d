/** Plays test/scenarios/*.txt. `UPDATE=1 npx vitest run test/scenarios.test.ts` writes the results anew. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { playScenario } from '../src/testing/index.js';
import { scenarioMachines } from './support/scenario-machines.js';

const directory = new URL('./scenarios/', import.meta.url);

for (const name of readdirSync(directory).sort()) {
  const file = new URL(name, directory);
  const script = readFileSync(file, 'utf8');
  test(`${name}: ${titleOf(script)}`, () => {
    const played = playScenario(script, scenarioMachines);
    if (process.env['UPDATE'] === '1') writeFileSync(file, played);
    else expect(played).toBe(script);
  });
}

/** The remark that a script begins with. */
function titleOf(script: string): string {
  return script.split('\n', 1)[0]?.replace(/^# /, '') ?? '';
}
