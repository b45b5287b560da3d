/** All commands, in the order of the help. */
import type { Command } from './command.js';
import { dev } from './commands/dev.js';
import { doctor } from './commands/doctor.js';
import { explain } from './commands/explain.js';
import { exportCommand } from './commands/export.js';
import { get } from './commands/get.js';
import { importCommand } from './commands/import.js';
import { ls } from './commands/ls.js';
import { register } from './commands/register.js';
import { ui } from './commands/ui.js';
import { watch } from './commands/watch.js';

export const commands: readonly Command[] = [
  ls,
  get,
  watch,
  explain,
  register,
  exportCommand,
  importCommand,
  doctor,
  ui,
  dev,
];
