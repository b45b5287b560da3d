/** Opens the library for a command and closes it however the command ends. Loaded late, so that help is instant. */
import type { EtcdClient } from '../etcd-client.js';
import type { RegistryOptions } from '../options.js';
import type { Registry } from '../registry.js';
import type { Call } from './command.js';
import { targetOf } from './target.js';

/** Who only looks has nothing to withdraw, and does not want to wait. */
const closeTimeoutMs = 300;

/** Runs with a registry that has reached etcd. */
export async function withRegistry<Result>(
  call: Call,
  use: (registry: Registry) => Promise<Result>,
  more: RegistryOptions = {},
): Promise<Result> {
  const target = await targetOf(call);
  const { createRegistry } = await import('../create-registry.js');
  const registry = await call.terminal.during(
    'connecting to etcd',
    createRegistry({ closeTimeoutMs, ...target, ...more }),
  );
  try {
    return await use(registry);
  } finally {
    await call.terminal.during('closing', registry.close());
  }
}

/** Runs with a client that has reached etcd; for what has to see keys instead of URLs. */
export async function withClient<Result>(
  call: Call,
  use: (client: EtcdClient) => Promise<Result>,
  more: RegistryOptions = {},
): Promise<Result> {
  const target = await targetOf(call);
  const { createEtcdClient } = await import('../create-etcd-client.js');
  const client = await call.terminal.during(
    'connecting to etcd',
    createEtcdClient({ closeTimeoutMs, ...target, ...more }),
  );
  try {
    return await use(client);
  } finally {
    await call.terminal.during('closing', client.close());
  }
}
