/**
 * The way from a registry to its actors, for those who inspect it. Kept beside the registry instead of on it, so that
 * no public type shows an actor and nobody finds one by trying names.
 */
import type { AnyActorRef } from 'xstate';
import type { RegistrySettings } from './options.js';
import type { RegistryStatus } from './status.js';
import type { Clock } from './world.js';

export interface Inspected {
  readonly root: AnyActorRef;
  readonly clock: Clock;
  /** What it is called where there are several; without credentials. */
  readonly label: string;
  /** Values that must not be shown wherever they turn up. */
  readonly secrets: readonly string[];
  readonly status: () => RegistryStatus;
  /** Tells that somebody's callback threw. */
  readonly report: (error: unknown) => void;
}

const inspectedBy = new WeakMap<object, Inspected>();

/** Called by the owner itself, once. */
export function allowInspection(
  owner: { status(): RegistryStatus },
  root: AnyActorRef,
  { shownAddress, credentials }: Pick<RegistrySettings, 'shownAddress' | 'credentials'>,
  clock: Clock,
  events: { report(error: unknown): void },
): void {
  inspectedBy.set(owner, {
    root,
    clock,
    label: shownAddress,
    // What a function gives is used for a login and kept nowhere.
    secrets: credentials === undefined || typeof credentials === 'function' ? [] : [credentials.password],
    status: () => owner.status(),
    report: (error) => events.report(error),
  });
}

/** Undefined for what was not made here, or by another copy of this package. */
export function inspectedOf(owner: object): Inspected | undefined {
  return inspectedBy.get(owner);
}
