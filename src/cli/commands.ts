/** All commands, in the order of the help. */
import type { Command } from './command.js';
import { dev } from './commands/dev.js';
import { ls } from './commands/ls.js';
import { register } from './commands/register.js';

export const commands: readonly Command[] = [ls, register, dev];
