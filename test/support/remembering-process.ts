/**
 * A process of its own that subscribes to services of its own and to one that all share, and writes its cache file
 * again and again until it is told to end. It says `ready`, and in the end what the registry says of the file.
 */
import { createRegistry } from '../../src/index.js';

const [, , address = '', file = '', name = ''] = process.argv;
const registry = await createRegistry({ address, file });
registry.on('cacheError', ({ message }) => void process.stdout.write(`error ${message}\n`));
for (const serial of [1, 2, 3]) {
  await registry.subscribe(`consumer://10.0.0.9/com.acme.${name}${serial}`, () => {});
}
await registry.subscribe(`consumer://10.0.0.9/com.acme.Shared`, () => {});
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void registry.close().then(() => {
    process.stdout.write(`${JSON.stringify(registry.status().cache?.lastError)}\n`);
    process.stdin.destroy();
  });
});
