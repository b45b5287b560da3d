import { registryMachine } from '../../machines/index.js';
import { describeTables } from '../support/describe-table.js';
import { viewOfRegistry } from '../support/registry-view.js';

describeTables(
  registryMachine,
  [
    'registry-life.txt',
    'registry-publishing.txt',
    'registry-answers.txt',
    'registry-auditing.txt',
    'registry-guarding.txt',
  ].map((name) => new URL(name, import.meta.url)),
  viewOfRegistry,
);
