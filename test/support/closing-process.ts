/**
 * A process of its own that registers three URLs and subscribes, says `ready`, and closes its registry when told to.
 * Whether it then ends by itself is what the test looks at; nothing here ends it.
 */
import { createRegistry } from '../../src/index.js';

const address = process.argv[2] ?? '';
const registry = await createRegistry({ address, sessionMs: 2_000 });
for (const host of [1, 2, 3]) await registry.register(`dubbo://10.0.0.${host}:20880/com.acme.Orders`);
await registry.subscribe('consumer://10.0.0.9/com.acme.Orders', () => {});
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void registry.close().then(() => {
    process.stdout.write('closed\n');
    process.stdin.destroy();
  });
});
