/** A process of its own that cannot create its registry, and then has nothing left to do. Nothing here ends it. */
import { createRegistry } from '../../src/index.js';

try {
  await createRegistry({ address: process.argv[2] ?? '', timeoutMs: 500 });
  process.exitCode = 1;
} catch {
  process.stdout.write('rejected\n');
}
