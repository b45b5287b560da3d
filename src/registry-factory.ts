/** One registry for each etcd and root, shared by all who ask for it; as AbstractRegistryFactory of Dubbo, with promises. */
import { createRegistry } from './create-registry.js';
import { optionsOf, type RegistryOptions, resolveOptions } from './options.js';
import type { Registry } from './registry.js';

interface Shared {
  readonly created: Promise<Registry>;
  /** Undefined while it is being created. */
  registry: Registry | undefined;
}

const shared = new Map<string, Shared>();

/**
 * The registry of this address: all its endpoints in any order, root, version and credentials. Created by the first who
 * asks, whose other options count; shared with all who ask until it is closed. Rejects like {@link createRegistry}, for
 * all who wait, and is then tried anew by the next.
 */
export function getRegistry(
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  const given = optionsOf(addressOrOptions, options);
  let key: string;
  try {
    key = resolveOptions(given).sharingKey;
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const known = shared.get(key);
  // One that was closed directly must not be given to anybody any more.
  if (known !== undefined && known.registry?.isOpen !== false) return known.created;
  const fresh: Shared = { created: createRegistry(given), registry: undefined };
  shared.set(key, fresh);
  fresh.created.then(
    (registry) => {
      fresh.registry = registry;
    },
    () => {
      if (shared.get(key) === fresh) shared.delete(key);
    },
  );
  return fresh.created;
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
