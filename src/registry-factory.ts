/** One registry for each etcd and root, shared by all who ask for it; as AbstractRegistryFactory of Dubbo, with promises. */
import { createRegistry } from './create-registry.js';
import type { RegistryError } from './errors.js';
import { abortError } from './failure-error.js';
import { optionsOf, type RegistryOptions, resolveOptions } from './options.js';
import { waitWith } from './patience.js';
import type { Registry } from './registry.js';
import { realWorld } from './world.js';

interface Shared {
  readonly key: string;
  readonly created: Promise<Registry>;
  /** Undefined while it is being created. */
  registry: Registry | undefined;
  /** How many have asked for it and not given it up. */
  callers: number;
  /** Ends the creation when nobody waits for it any more. */
  readonly abandon: AbortController;
}

const shared = new Map<string, Shared>();

/**
 * The registry of this address: all its endpoints in any order, root, version and credentials. Created by the first who
 * asks, whose other options count; shared with all who ask until it is closed. Rejects like {@link createRegistry}, for
 * all who wait, and is then tried anew by the next. A `signal` gives up for its caller; the others wait on.
 */
export async function getRegistry(
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  const { signal, ...given } = optionsOf(addressOrOptions, options);
  const { sharingKey, shownAddress } = resolveOptions(given);
  const doing = `cannot create the registry at ${shownAddress}`;
  if (signal?.aborted === true) throw abortError(doing, signal);
  const known = shared.get(sharingKey);
  // One that was closed directly must not be given to anybody any more.
  const wanted = known === undefined || known.registry?.isOpen === false ? begin(sharingKey, given) : known;
  wanted.callers += 1;
  try {
    await waitWith({ clock: realWorld.clock, doing, signal }, (waiter) => {
      wanted.created.then(
        () => waiter.resolve(),
        (error: RegistryError) => waiter.reject(error),
      );
    });
  } catch (error) {
    wanted.callers -= 1;
    if (wanted.callers === 0) giveUp(wanted);
    throw error;
  }
  return wanted.created;
}

function begin(key: string, given: RegistryOptions): Shared {
  const abandon = new AbortController();
  const created = createRegistry({ ...given, signal: abandon.signal });
  const fresh: Shared = { key, created, registry: undefined, callers: 0, abandon };
  shared.set(key, fresh);
  created.then(
    (registry) => {
      fresh.registry = registry;
    },
    () => giveUp(fresh),
  );
  return fresh;
}

function giveUp(unwanted: Shared): void {
  if (shared.get(unwanted.key) === unwanted) shared.delete(unwanted.key);
  unwanted.abandon.abort();
}

/** The registries that were created by {@link getRegistry} and are open. */
export function getRegistries(): readonly Registry[] {
  const registries: Registry[] = [];
  for (const [key, { registry }] of shared) {
    if (registry?.isOpen === true) registries.push(registry);
    else if (registry !== undefined) shared.delete(key);
  }
  return registries;
}

/** Closes them all, also those being created; afterwards {@link getRegistry} creates new ones. */
export async function destroyAll(): Promise<void> {
  const all = [...shared.values()];
  shared.clear();
  await Promise.allSettled(all.map(async ({ created }) => (await created).close()));
}
