/** What can go wrong between a machine and etcd, by kind. Adapters build these in src/etcd/failure.ts; machines only read them. */

/**
 * The closed set of failure kinds (the wire answers behind each: spec of etcd's client API, gRPC status codes).
 *
 * - `unreachable`: the transport to this endpoint is broken or was never there.
 * - `timeout`: no answer within our deadline; the request may still be applied.
 * - `unavailable`: etcd answered that the cluster cannot serve now (no leader, leader changed, too many requests).
 * - `unauthenticated`: credentials missing, wrong or expired.
 * - `denied`: authenticated, but not permitted for this key or prefix.
 * - `leaseLost`: the lease is unknown to etcd.
 * - `compacted`: the revision asked for is no longer, or not yet, part of etcd's history.
 * - `tooLarge`: the request exceeds a limit of etcd.
 * - `conflict`: another process has taken over the key.
 * - `noSpace`: etcd's storage quota is used up; reads and keepalives still work.
 * - `invalid`: etcd refuses the request as malformed.
 * - `closed`: we gave up the request ourselves.
 * - `bug`: anything nobody expected; never retried.
 */
export type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'unavailable'
  | 'unauthenticated'
  | 'denied'
  | 'leaseLost'
  | 'compacted'
  | 'tooLarge'
  | 'conflict'
  | 'noSpace'
  | 'invalid'
  | 'closed'
  | 'bug';

/** Expected trouble as a value. The message says what happened, in etcd's words where etcd said something. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** A failure as plain data, as machines remember and emit it. */
export interface FailureFact {
  readonly kind: FailureKind;
  readonly message: string;
}

/** Whatever was thrown, as a failure; what is not a {@link Failure} is a bug. */
export function failureOf(thrown: unknown): FailureFact {
  if (thrown instanceof Failure) return { kind: thrown.kind, message: thrown.message };
  return {
    kind: 'bug',
    message: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
  };
}

/** The failure that an actor ended with; for the params of guards and actions. */
export function failureIn({ event }: { readonly event: { readonly error: unknown } }): FailureFact {
  return failureOf(event.error);
}

const passing: ReadonlySet<FailureKind> = new Set([
  'unreachable',
  'timeout',
  'unavailable',
  'unauthenticated',
  'noSpace',
]);

/** True when the same request may succeed later without anybody changing it. */
export function isTransient(failure: FailureFact): boolean {
  return passing.has(failure.kind);
}

/** True for trouble that belongs to a life with etcd; false for a bug, which ends the machine that meets it. */
export function isExpected(failure: FailureFact): boolean {
  return failure.kind !== 'bug';
}

/**
 * True when a write that failed so may nevertheless be applied, even later than a delete that etcd acknowledged
 * meanwhile. Such a write needs the fence.
 */
export function isOutcomeUnknown(failure: FailureFact): boolean {
  return failure.kind === 'timeout' || failure.kind === 'unreachable' || failure.kind === 'unavailable';
}
