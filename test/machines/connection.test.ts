import { connectionMachine } from '../../machines/index.js';
import { describeTables } from '../support/describe-table.js';

describeTables(connectionMachine, [new URL('connection.txt', import.meta.url)]);
