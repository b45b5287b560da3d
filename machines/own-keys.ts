/** What a registry hears, and says, about keys of its own that somebody else deletes; and when that is a reason to look. */
import type { FailureFact } from './failure.js';
import { isDeniedFence } from './fence.js';
import { promptRepairsMax, type Registration } from './registration.js';
import type { BatchAnswered, RegistryContext } from './registry-context.js';
import type { Revision } from './revision.js';
import type { ShardedMap } from './sharded-map.js';

/** What the adapter reports that follows our keys. Puts are not reported. */
export type OwnKeysFact =
  /** The keys that it was started with are followed from now on; what was deleted before, it cannot tell. */
  | { readonly type: 'ownKeys.opened' }
  /**
   * Keys that were deleted after we had written them: by somebody, with their lease, or withdrawn by us. Told after the
   * word that they were written; also of keys that only may be gone, where the adapter cannot tell.
   */
  | { readonly type: 'ownKeys.deleted'; readonly keys: readonly string[] }
  /** The fence was deleted, most likely with its lease. */
  | { readonly type: 'ownKeys.fenceDeleted' }
  /** Nothing is followed any more. */
  | { readonly type: 'ownKeys.broken'; readonly failure: FailureFact };

/** What the machine tells that adapter meanwhile. */
export type OwnKeysWord =
  | { readonly type: 'ownKeys.written'; readonly keys: readonly string[]; readonly revision: Revision }
  | { readonly type: 'ownKeys.withdrawn'; readonly keys: readonly string[] }
  /** The fence to follow is that of another lease. */
  | { readonly type: 'ownKeys.fenced'; readonly leaseId: string };

/** What to follow from the start. */
export interface OwnKeysInput {
  /** The lease whose fence is followed; null without a fence. */
  readonly leaseId: string | null;
  readonly keys: readonly string[];
}

/** True when one of these keys ought to be there, and is worth putting back before the next regular audit. */
export function isLoss(registrations: ShardedMap<Registration>, keys: readonly string[]): boolean {
  return keys.some((key) => {
    const known = registrations.get(key);
    return known?.state === 'written' && known.repairs < promptRepairsMax;
  });
}

/** What has to be followed now: all that is in etcd. */
export function ownKeysOf({ fence, lease, registrations }: RegistryContext): OwnKeysInput {
  const keys: string[] = [];
  for (const [key, { state }] of registrations) if (state === 'written') keys.push(key);
  return { leaseId: isDeniedFence(fence) ? null : (lease?.leaseId ?? null), keys };
}

/** What an answer changes about that. */
export function wordsOf(context: RegistryContext, { batch, outcome }: BatchAnswered): readonly OwnKeysWord[] {
  if (outcome.type !== 'applied') return [];
  const { revision } = outcome;
  const written: string[] = [];
  const withdrawn: string[] = [];
  for (const { type, key } of context.plan.find(({ id }) => id === batch)?.operations ?? []) {
    if (type === 'put') written.push(key);
    if (type === 'delete') withdrawn.push(key);
  }
  return [
    ...(written.length > 0 ? [{ type: 'ownKeys.written', keys: written, revision } as const] : []),
    ...(withdrawn.length > 0 ? [{ type: 'ownKeys.withdrawn', keys: withdrawn } as const] : []),
  ];
}
