/** What etcd counts about itself, from its /metrics. */
import { eventually } from '../../support/eventually.js';

/** The value of one metric without labels, e.g. `etcd_debugging_mvcc_watcher_total`. */
async function metric(endpoint: string, name: string): Promise<number> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  const value = text.split('\n').find((line) => line.startsWith(`${name} `));
  if (value === undefined) throw new Error(`etcd has no metric '${name}'`);
  return Number(value.split(' ')[1]);
}

/** How many watchers etcd serves. */
export function watcherCount(endpoint: string): Promise<number> {
  return metric(endpoint, 'etcd_debugging_mvcc_watcher_total');
}

/** The witness; and of the stage's registry its view, its fence and the folder of its keys. */
const stageWatchers = 4;

/** Resolves with how many watchers etcd serves for a stage as it was set, once all of them are open. */
export async function watchersAtRest(endpoint: string): Promise<number> {
  await eventually(async () => {
    const count = await watcherCount(endpoint);
    if (count !== stageWatchers) throw new Error(`etcd serves ${count} watchers, not ${stageWatchers}`);
  });
  return stageWatchers;
}
