import { watcherMachine } from '../../machines/index.js';
import { describeTables } from '../support/describe-table.js';

describeTables(watcherMachine, [new URL('watcher.txt', import.meta.url)]);
