/** A machine's failure as the error that a caller gets. */
import type { FailureFact, FailureKind } from '../machines/index.js';
import { RegistryError, type RegistryErrorCode, type RegistryErrorFacts } from './errors.js';

const codes: Readonly<Record<FailureKind, RegistryErrorCode>> = {
  unreachable: 'UNREACHABLE',
  timeout: 'TIMEOUT',
  unavailable: 'UNREACHABLE',
  unauthenticated: 'UNAUTHENTICATED',
  denied: 'PERMISSION_DENIED',
  leaseLost: 'UNREACHABLE',
  compacted: 'REFUSED',
  tooLarge: 'TOO_LARGE',
  conflict: 'REFUSED',
  noSpace: 'NO_SPACE',
  invalid: 'REFUSED',
  closed: 'CLOSED',
  bug: 'INTERNAL',
};

const remedies: Readonly<Partial<Record<RegistryErrorCode, string>>> = {
  UNREACHABLE: 'check that etcd runs and that the endpoints are right',
  TIMEOUT: 'etcd may be overloaded or paused; try again, or raise timeoutMs',
  UNAUTHENTICATED: 'check username, password and certificates',
  PERMISSION_DENIED: 'grant the role read and write permission for the root and for metaRoot',
  TOO_LARGE: "make the url shorter, or raise etcd's --max-request-bytes",
  NO_SPACE: "compact and defragment etcd, then disarm its alarm; or raise etcd's --quota-backend-bytes",
  REFUSED: 'read what etcd said, and change the request',
  CLOSED: 'create a new registry',
  INTERNAL: 'this is a bug in leasehold; report it with this message',
};

/** The error for a call that failed: `doing` says what we were doing, in the present participle or as `cannot …`. */
export function errorFrom(
  doing: string,
  failure: FailureFact,
  facts: RegistryErrorFacts = {},
): RegistryError {
  return registryError(codes[failure.kind], doing, failure.message, facts);
}

/** An error with the usual remedy of its code. */
export function registryError(
  code: RegistryErrorCode,
  doing: string,
  happened: string,
  facts: RegistryErrorFacts & { readonly cause?: unknown } = {},
): RegistryError {
  return new RegistryError(code, `${doing}: ${happened}; ${remedies[code] ?? 'see docs/errors.md'}`, {
    reason: happened,
    ...facts,
  });
}

/** The error for a call whose signal was aborted; `cause` is the signal's reason. */
export function abortError(doing: string, signal: AbortSignal): RegistryError {
  return new RegistryError('ABORTED', `${doing}: the caller's signal was aborted; nothing is left behind`, {
    cause: signal.reason,
  });
}

/** The error for a registration that was taken back before it was written. */
export function withdrawnError(doing: string): RegistryError {
  return new RegistryError('ABORTED', `${doing}: it was unregistered meanwhile; register it again`);
}
