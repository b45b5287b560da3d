/** Making a client: as a registry is made, with the same options. */
import { EtcdClient } from './etcd-client.js';
import { optionsOf, type RegistryOptions, resolveOptions } from './options.js';
import { realWorld } from './world.js';

/** Connects as {@link createRegistry} does, with the same options. */
export async function createEtcdClient(
  addressOrOptions: string | RegistryOptions = {},
  options: RegistryOptions = {},
): Promise<EtcdClient> {
  const given = optionsOf(addressOrOptions, options);
  const settings = resolveOptions(given);
  const client = new EtcdClient(settings, realWorld);
  if (!settings.check) return client;
  try {
    await client.connected(given.signal);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
