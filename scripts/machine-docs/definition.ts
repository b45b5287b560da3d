/** A machine's definition as JSON that Stately Studio takes: names stay, functions are left out. */
import type { AnyStateMachine } from 'xstate';

export function definitionOf(machine: AnyStateMachine): string {
  return `${JSON.stringify(machine.config, null, 2)}\n`;
}
