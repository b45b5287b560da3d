/** Makes tests of a transition table: one for each row, and one that counts the transitions. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { markTransitions, transitionsOf } from './machine-transitions.js';
import {
  type ContextView,
  outcomeOf,
  parseTable,
  rewriteTable,
  transitionsTaken,
} from './transition-table.js';

/** The tables are the files beside the test; with UPDATE=1 their outcomes are written anew. */
export function describeTables(machine: AnyStateMachine, files: readonly URL[], view?: ContextView): void {
  const tables = files.map((file) => {
    const text = readFileSync(file, 'utf8');
    if (process.env['UPDATE'] !== '1') return parseTable(text);
    const written = rewriteTable(text, machine, view);
    writeFileSync(file, written);
    return parseTable(written);
  });

  for (const row of tables.flat())
    test(row.title, () => {
      expect(outcomeOf(machine, row, view)).toBe(row.outcome);
    });

  test(`takes every transition of ${machine.id}`, () => {
    const all = transitionsOf(machine);
    const marked = markTransitions(machine);
    const taken = new Set(tables.flat().flatMap((row) => transitionsTaken(marked, row)));
    const missing = all.filter((name) => !taken.has(name));
    process.stdout.write(`${machine.id}: ${all.length - missing.length} / ${all.length} transitions taken\n`);
    expect(missing).toEqual([]);
  });
}
