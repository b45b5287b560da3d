/** Making a registry: options are checked, the link to etcd is tried, and nothing is left behind where that fails. */
import { optionsOf, type RegistryOptions, resolveOptions } from './options.js';
import { Registry } from './registry.js';
import { realWorld, type World } from './world.js';

/**
 * Connects to etcd and resolves when a round trip has succeeded. With `check` (the default) it rejects with
 * UNREACHABLE or UNAUTHENTICATED when none does within `timeoutMs`, and leaves nothing behind; without it, it resolves
 * at once and catches up later. Without an address it asks the environment (`LEASEHOLD_ADDRESS`,
 * `DUBBO_REGISTRY_ADDRESS`) and `dubbo.properties`. Bad options reject with INVALID_OPTION, INVALID_ADDRESS or INVALID_URL.
 */
export function createRegistry(
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  return createRegistryIn(realWorld, addressOrOptions, options);
}

/** @internal {@link createRegistry} in surroundings of one's own. */
export async function createRegistryIn(
  world: World,
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<Registry> {
  const given = optionsOf(addressOrOptions, options);
  const settings = resolveOptions(given);
  const doing = `cannot create the registry at ${settings.shownAddress}`;
  const registry = new Registry(settings, world);
  if (!settings.check) return registry;
  try {
    await registry.connected(doing, given.signal);
    return registry;
  } catch (error) {
    await registry.close();
    throw error;
  }
}
