/**
 * The demo with its machines to look at: in the offline inspector and in the Stately inspector, which needs internet.
 * Waits until one of them is open; afterwards everything stays to be looked at until Ctrl-C.
 * Options: --port 8080 (of the Stately inspector), --now (do not wait), --once (end with the story).
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Registry } from 'leasehold';
import { showInStately, startInspector } from 'leasehold/inspect';
import { memoryProp, play } from '../examples/play.js';
import { narrate, say } from '../examples/stage.js';
import { startStatelyServer } from './stately-server.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    now: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
  },
});

let registries: readonly Registry[] = [];
let hide = (): void => {};
let begin = (): void => {};
const somebodyLooks = new Promise<void>((resolve) => {
  begin = resolve;
});

/** Tells the Stately inspector everything from the beginning, for those who have just opened it. */
function show(): void {
  hide();
  hide = showInStately(registries, stately.inspector);
}

const stately = await startStatelyServer(Number(values.port), () => {
  show();
  begin();
});
const prop = await memoryProp();
await play(prop, async (all) => {
  registries = all;
  show();
  const inspector = await startInspector(registries);
  narrate('Open one of these to begin; the statecharts follow the story.');
  say('offline', `${inspector.url} (go on with Enter)`);
  say('stately', `${stately.url} (shows https://stately.ai/inspect, which is sent everything but secrets)`);
  if (values.now) return;
  process.stdin.once('data', begin);
  await somebodyLooks;
  process.stdin.unref();
});
if (!values.once) {
  narrate('The end. Look around; Ctrl-C ends it.');
  await once(process, 'SIGINT');
}
hide();
await stately.stop();
await prop.close();
process.exit(0);
