import { leaseMachine } from '../../machines/index.js';
import { describeTables } from '../support/describe-table.js';

describeTables(leaseMachine, [new URL('lease.txt', import.meta.url)]);
