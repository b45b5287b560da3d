/** Writes docs/machines/ and the inspector's pictures from the machines themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { chartsFile, chartsText } from './machine-docs/charts.js';
import { filesOfMachines, folder } from './machine-docs/files.js';

mkdirSync(folder, { recursive: true });
for (const [name, text] of filesOfMachines()) writeFileSync(new URL(name, folder), text);
writeFileSync(chartsFile, await chartsText());
