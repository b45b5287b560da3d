/** Cleaning up behind a machine that threw. */
import type { AnyActorRef } from 'xstate';

/** Stops what a machine has left running that died from an action or a guard that threw; XState does not. */
export function sweep(dead: AnyActorRef): void {
  const { children = {} } = dead.getSnapshot() as { readonly children?: Record<string, unknown> };
  for (const child of Object.values(children)) (child as { _stop?: () => void } | undefined)?._stop?.();
}
