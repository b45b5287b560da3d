/** The registry machine's context, as its transition tables show it. */
import type { Registration, RegistryContext } from '../../machines/index.js';

/** The context with one line for each registration, and keys instead of what belongs to them. */
export function viewOfRegistry(context: unknown): object {
  const { registrations, dirty, ensured, lease, plan, ...rest } = context as RegistryContext;
  return {
    ...rest,
    input: undefined,
    lease: lease?.leaseId ?? null,
    dirty: [...dirty.keys()].sort(),
    ensured: [...ensured.keys()].sort(),
    plan: plan.map(({ versions }) => [...versions.keys()]),
    ...Object.fromEntries([...registrations].map(([key, registration]) => [key, lineOf(registration)])),
    keys: [...registrations.keys()].sort(),
  };
}

function lineOf(registration: Registration): string {
  const { state, version, leaseId, flush, sent, attempts, lastError, ambiguous } = registration;
  const { solo, parentRefused, repair, repairs } = registration;
  return [
    `${state} v${version}`,
    ...(sent ? [`sent under ${leaseId ?? 'no lease'} in flush ${flush}`] : []),
    ...(attempts > 0 ? [`attempts ${attempts}`] : []),
    ...(lastError === null ? [] : [lastError.kind]),
    ...(ambiguous === null ? [] : [`v${ambiguous.version} unknown at fence ${ambiguous.fence}`]),
    ...(solo ? ['solo'] : []),
    ...(parentRefused ? ['without parent'] : []),
    ...(repair ? ['repair'] : []),
    ...(repairs > 0 ? [`put back ${repairs} times`] : []),
  ].join(', ');
}
