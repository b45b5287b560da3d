/** Writes docs/machines/ from the machines themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { filesOfMachines, folder } from './machine-docs/files.js';

mkdirSync(folder, { recursive: true });
for (const [name, text] of filesOfMachines()) writeFileSync(new URL(name, folder), text);
