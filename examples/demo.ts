/**
 * The demo: two providers and a consumer on one etcd, which goes away and comes back. Uses the etcd given with
 * `--etcd host:port`, under a root of its own; else an in-memory one. Exits 0 if everybody is right in the end.
 */
import { parseArgs } from 'node:util';
import { isRegistryError } from 'leasehold';
import { layCable } from './cable.js';
import { memoryProp, type Prop, play } from './play.js';
import { complain, narrate, say } from './stage.js';

async function realProp(target: string): Promise<Prop> {
  const cable = await layCable(target);
  say('etcd', `the real one at ${target}; we only cut and mend our cable to it`);
  return {
    endpoint: cable.endpoint,
    takeAway: () => cable.cut(),
    bringBack: () => cable.mend(),
    close: () => cable.close(),
  };
}

const { values } = parseArgs({ options: { etcd: { type: 'string' } } });
const prop = values.etcd === undefined ? await memoryProp() : await realProp(values.etcd);
try {
  await play(prop);
  narrate('The end: everybody was right.');
} catch (error) {
  complain(isRegistryError(error) ? `${error.code}: ${error.message}` : String(error));
  process.exitCode = 1;
} finally {
  await prop.close();
}
