/** A process that registers a URL and leaves in order at a signal. */
import { closeOnSignals, createRegistry } from '../../src/index.js';

const [, , endpoint = '', url = ''] = process.argv;
const registry = await createRegistry(endpoint);
await registry.register(url);
closeOnSignals(registry, { drainMs: 50, before: () => process.stdout.write('last words\n') });
process.stdout.write('ready\n');
