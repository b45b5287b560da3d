/** All files of docs/machines/, by name. scripts/docs-machines.ts writes them; a test compares them. */
import { readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../../machines/index.js';
import { definitionOf } from './definition.js';
import { pageOf } from './page.js';
import { readmeOf } from './readme.js';

/** In the order in which one reads them. */
export const machines: Readonly<Record<string, AnyStateMachine>> = {
  connection: connectionMachine,
  lease: leaseMachine,
  watcher: watcherMachine,
  registry: registryMachine,
};

export const folder: URL = new URL('../../docs/machines/', import.meta.url);

export function filesOfMachines(): ReadonlyMap<string, string> {
  const files = new Map([['README.md', readmeOf(machines)]]);
  for (const [name, machine] of Object.entries(machines)) {
    const source = readFileSync(new URL(`../../machines/${name}.ts`, import.meta.url), 'utf8');
    files.set(`${name}.md`, pageOf({ name, machine, source }));
    files.set(`${name}.json`, definitionOf(machine));
  }
  return files;
}
