/** Why a call got no answer in time, as far as the machines know. */
import type { FailureFact } from '../machines/index.js';
import type { Engine } from './compose.js';
import type { RegistryError } from './errors.js';
import { errorFrom, registryError } from './failure-error.js';

/** The error of a call whose deadline has passed: the trouble that a machine is in, or a mere timeout. */
export function overdueError(
  engine: Engine,
  { doing, timeoutMs }: { readonly doing: string; readonly timeoutMs: number },
  prefixes: readonly string[] = [],
): RegistryError {
  const failure = troubleOf(engine, prefixes);
  if (failure !== null) return errorFrom(doing, failure, { timeoutMs });
  return registryError('TIMEOUT', doing, `etcd did not confirm it within ${timeoutMs} ms`, { timeoutMs });
}

/** The error of a registry whose first connection did not come in time. */
export function connectError(
  engine: Engine,
  doing: string,
  { timeoutMs, endpoints }: { readonly timeoutMs: number; readonly endpoints: readonly string[] },
): RegistryError {
  const address = endpoints.join(', ');
  const failure = engine.snapshot().connection.context.lastError;
  const facts = { address, timeoutMs };
  if (failure === null)
    return registryError('UNREACHABLE', doing, `${address} did not answer within ${timeoutMs} ms`, facts);
  return errorFrom(doing, { ...failure, message: `${address} answered: ${failure.message}` }, facts);
}

/** The first trouble on the way: the link, the lease, the writing, the prefixes concerned. */
function troubleOf(engine: Engine, prefixes: readonly string[]): FailureFact | null {
  const { connection, lease, registry, watchers } = engine.snapshot();
  if (!connection.hasTag('up')) return connection.context.lastError;
  if (prefixes.length > 0) {
    const states = prefixes.map((prefix) => watchers.get(prefix));
    return states.find((state) => state?.hasTag('stale') === true)?.context.lastError ?? null;
  }
  return lease.hasTag('usable') ? registry.context.lastError : lease.context.lastError;
}
