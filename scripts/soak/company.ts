/** Who takes part in a soak: a process's worth of registrations, one of subscriptions, and strangers who write as well. */
import { createRegistry, type Registry } from '../../src/index.js';
import { Told } from '../../test/faults/support/told.js';
import type { ControlClient } from '../../test/support/control-client.js';
import type { Dice } from '../differential/dice.js';

export const services: readonly string[] = Array.from(
  { length: 10 },
  (_, number) => `com.acme.Service${number}`,
);

export function prefixOf(service: string): string {
  return `/dubbo/${service}/providers/`;
}

export function keyOf(url: string): string {
  const service = url.slice(url.lastIndexOf('/') + 1).replace(/\?.*/, '');
  return prefixOf(service) + encodeURIComponent(url);
}

/** Registers and withdraws; remembers what should be there, and of what nothing may ever come back. */
export class Provider {
  readonly desired = new Set<string>();
  /** Keys that were withdrawn, with the revision after which no put of them is right. */
  readonly withdrawn = new Map<string, number>();
  readonly registry: Registry;
  readonly #control: ControlClient;

  constructor(registry: Registry, control: ControlClient) {
    this.registry = registry;
    this.#control = control;
  }

  async register(url: string): Promise<void> {
    this.withdrawn.delete(keyOf(url));
    this.desired.add(url);
    await this.registry.register(url);
  }

  async withdraw(url: string): Promise<void> {
    this.desired.delete(url);
    await this.registry.unregister(url);
    // Where etcd is gone again already, nothing is known, and nothing is claimed.
    const revision = await this.#control.revision().catch(() => undefined);
    if (revision !== undefined && !this.desired.has(url)) this.withdrawn.set(keyOf(url), Number(revision));
  }

  /** Takes one URL out, or puts one back. */
  async change(dice: Dice, all: readonly string[]): Promise<void> {
    const url = dice.pick(all);
    await (this.desired.has(url) ? this.withdraw(url) : this.register(url));
  }
}

/** Somebody else's providers, written around the proxy. */
export class Strangers {
  /** What they believe is there; undefined where an answer was lost. */
  readonly believed = new Map<string, boolean | undefined>();
  isPaused = false;
  readonly #control: ControlClient;

  constructor(control: ControlClient) {
    this.#control = control;
  }

  async change(dice: Dice): Promise<void> {
    if (this.isPaused) return;
    const url = `dubbo://10.7.0.${dice.integer(0, 20)}:20880/${dice.pick(services)}`;
    const key = keyOf(url);
    const isThere = dice.chance(0.66);
    this.believed.set(key, undefined);
    try {
      if (isThere) await this.#control.put(key, 'strangers');
      else await this.#control.delete(key);
      this.believed.set(key, isThere);
    } catch {
      // etcd is away; whether it was written will be seen.
    }
  }
}

export interface Company {
  readonly provider: Provider;
  readonly consumer: Registry;
  readonly told: readonly Told[];
  readonly strangers: Strangers;
  readonly urls: readonly string[];
}

export async function gather(address: string, control: ControlClient): Promise<Company> {
  const options = { address, sessionMs: 6_000, auditIntervalMs: 3_000, timeoutMs: 30_000 };
  const [providing, consumer] = await Promise.all([createRegistry(options), createRegistry(options)]);
  const provider = new Provider(providing, control);
  const urls = Array.from(
    { length: 200 },
    (_, host) => `dubbo://10.0.0.${host}:20880/${services[host % services.length]}?check=false`,
  );
  await Promise.all(urls.map((url) => provider.register(url)));
  const told = Array.from(
    { length: 50 },
    (_, index) => new Told(prefixOf(services[index % services.length] ?? '')),
  );
  await Promise.all(
    told.map(({ prefix, listener }) =>
      consumer.subscribe(`consumer://10.9.9.9/${prefix.split('/')[2]}`, listener),
    ),
  );
  return { provider, consumer, told, strangers: new Strangers(control), urls };
}
