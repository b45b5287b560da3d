/** The only place that reads gRPC status codes and etcd's error texts, and turns them into failure kinds. */
import { status } from '@grpc/grpc-js';
import { Failure, type FailureKind } from '../../machines/index.js';

interface GrpcFault {
  readonly code: number;
  readonly details: string;
}

/** What a call or a stream failed with, as a {@link Failure}; a failure passes through, anything else is a bug. */
export function failureFrom(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (isGrpcFault(thrown)) return new Failure(kindOf(thrown), messageOf(thrown), { cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure('bug', message, { cause: thrown });
}

/** What etcd answered inside a stream when it refused or cancelled a watch. */
export function failureFromReason(reason: string): Failure {
  if (reason.includes('permission denied')) return new Failure('denied', reason);
  if (reason.includes('auth token') || concernsLogin(reason)) return new Failure('unauthenticated', reason);
  return new Failure('unavailable', reason === '' ? 'etcd cancelled the watch without a reason' : reason);
}

/** True for the answer to a login where etcd asks for none. */
export function isAuthNotEnabled(failure: Failure): boolean {
  return failure.message.includes('authentication is not enabled');
}

/** True for the answer to a grant whose id exists already. */
export function isLeaseExists(failure: Failure): boolean {
  return failure.message.includes('lease already exists');
}

/** etcd's or gRPC's own words, without the resolver's empty note. */
function messageOf({ code, details }: GrpcFault): string {
  return details.replace(/\s*Resolution note:\s*$/, '') || `gRPC status ${code}`;
}

function isGrpcFault(thrown: unknown): thrown is GrpcFault {
  return (
    thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'details' in thrown
  );
}

function kindOf({ code, details }: GrpcFault): FailureKind {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return 'timeout';
    case status.UNAUTHENTICATED:
      return 'unauthenticated';
    case status.PERMISSION_DENIED:
      return 'denied';
    case status.NOT_FOUND:
      return details.includes('lease not found') ? 'leaseLost' : 'invalid';
    case status.OUT_OF_RANGE:
      return 'compacted';
    case status.UNAVAILABLE:
      return details.startsWith('etcdserver:') ? 'unavailable' : 'unreachable';
    case status.RESOURCE_EXHAUSTED:
      return exhausted(details);
    case status.INVALID_ARGUMENT:
      return refusedArgument(details);
    case status.FAILED_PRECONDITION:
      return 'invalid';
    // What we give up ourselves is named by the transport, so a cancellation from the wire is the other side's.
    case status.CANCELLED:
    case status.UNIMPLEMENTED:
    case status.INTERNAL:
    case status.UNKNOWN:
    case status.ABORTED:
    case status.DATA_LOSS:
      // A proxy, a gateway or another service answered, or the transport broke in the middle of a message.
      return 'unreachable';
    default:
      return 'bug';
  }
}

function exhausted(details: string): FailureKind {
  if (details.includes('database space exceeded')) return 'noSpace';
  return details.includes('larger than max') ? 'tooLarge' : 'unavailable';
}

/** Each is cured by logging in again, or by other credentials. */
const loginTexts = ['authentication failed', 'user name is empty', 'revision of auth store is old'];

function refusedArgument(details: string): FailureKind {
  if (details.includes('too large')) return 'tooLarge';
  return concernsLogin(details) ? 'unauthenticated' : 'invalid';
}

function concernsLogin(text: string): boolean {
  return loginTexts.some((each) => text.includes(each));
}
