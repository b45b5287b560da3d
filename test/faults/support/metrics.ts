/** What etcd counts about itself, from its /metrics. */

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
