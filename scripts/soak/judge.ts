/** What has to hold in a soak, and when the company has recovered from a fault. */
import { decoded } from '../../test/faults/support/told.js';
import { keyOf, prefixOf, services } from './company.js';
import type { Scene } from './faults.js';

/** Undefined when all is as it should be; otherwise the first thing that is not, yet. */
export async function unsettled(scene: Scene): Promise<string | undefined> {
  const { control, company } = scene;
  const { provider, consumer, strangers } = company;
  const [providing, consuming] = [provider.registry.status(), consumer.status()];
  if (providing.connection.state !== 'connected') return `the provider is ${providing.connection.state}`;
  if (consuming.connection.state !== 'connected') return `the consumer is ${consuming.connection.state}`;
  if (providing.publishing !== 'idle') return `publishing is ${providing.publishing}`;
  const notLive = consuming.watchers.find(({ isLive }) => !isLive);
  if (notLive !== undefined) return `${notLive.prefix} is ${notLive.state}`;
  const held = await control.lease(providing.lease.leaseId ?? '0');
  const keys = new Set(held?.keys.filter((key) => key.startsWith('/dubbo/')));
  for (const url of provider.desired)
    if (!keys.delete(keyOf(url))) return `${url} is not under the lease in use`;
  for (const key of keys)
    if (!isBeingChanged(scene, key)) return `${key} is under the lease, but not desired`;
  const present = new Set((await control.list('/dubbo/')).map(({ key }) => key));
  for (const [key, isThere] of strangers.believed) {
    if (isThere !== undefined && !strangers.isPaused && isThere !== present.has(key))
      return `${key} of a stranger is not as it left it`;
  }
  return undefined;
}

/** The last views, compared with etcd's content; only while nobody writes. */
export async function wrongViews({ control, company }: Scene): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const service of services) {
    const prefix = prefixOf(service);
    const truth = decoded(
      (await control.list(prefix)).map(({ key }) => key),
      prefix,
    ).join(' ');
    const told = company.told.filter((each) => each.prefix === prefix);
    wrong.push(
      ...told
        .filter(({ last }) => last?.join(' ') !== truth)
        .map(() => `a last view of ${prefix} is not etcd's content`),
    );
  }
  return wrong;
}

/** ALWAYS-1 to ALWAYS-4, over everything that was told and written since the last judgement. */
export class Judge {
  readonly violations: string[] = [];
  viewCount = 0;
  #epoch = 0;
  #event = 0;

  async judge({ control, witness, company }: Scene): Promise<void> {
    const { history } = witness;
    await witness.caughtUp(control);
    for (const told of company.told) {
      this.viewCount += told.views.length;
      const known = new Set(this.violations);
      this.violations.push(...told.violations(history).filter((violation) => !known.has(violation)));
      told.forget();
      this.viewCount -= told.views.length;
    }
    const { epochs } = history;
    if (this.#epoch !== epochs.length - 1) {
      this.#epoch = epochs.length - 1;
      this.#event = 0;
    }
    const { events } = history.current;
    for (; this.#event < events.length; this.#event += 1) {
      const event = events[this.#event];
      if (event?.type !== 'put') continue;
      const since = company.provider.withdrawn.get(event.key);
      if (since !== undefined && event.revision > since)
        this.violations.push(`ALWAYS-4: ${event.key} came back at ${event.revision}`);
    }
  }
}

/** A key that is on its way in or out is neither missing nor too much. */
function isBeingChanged({ company }: Scene, key: string): boolean {
  return !company.provider.withdrawn.has(key);
}
