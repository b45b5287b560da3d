import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Failure } from '../../machines/index.js';
import { failureFrom, failureFromReason, isLeaseExists } from '../../src/etcd/failure.js';

function fault(code: status, details: string): Error {
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata: new Metadata() });
}

test.each([
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'timeout'],
  [status.CANCELLED, 'Received RST_STREAM with code 8', 'unreachable'],
  [status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old', 'unauthenticated'],
  [status.UNAUTHENTICATED, 'etcdserver: invalid auth token', 'unauthenticated'],
  [status.INVALID_ARGUMENT, 'etcdserver: user name is empty', 'unauthenticated'],
  [
    status.INVALID_ARGUMENT,
    'etcdserver: authentication failed, invalid user ID or password',
    'unauthenticated',
  ],
  [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'denied'],
  [status.NOT_FOUND, 'etcdserver: requested lease not found', 'leaseLost'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'compacted'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision', 'compacted'],
  [status.UNAVAILABLE, 'etcdserver: no leader', 'unavailable'],
  [status.UNAVAILABLE, 'etcdserver: request timed out', 'unavailable'],
  [status.UNAVAILABLE, 'Connection dropped', 'unreachable'],
  [status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED', 'unreachable'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'noSpace'],
  [status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (2097298 vs. 2097152)', 'tooLarge'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'unavailable'],
  [status.INVALID_ARGUMENT, 'etcdserver: request is too large', 'tooLarge'],
  [status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request', 'invalid'],
  [status.FAILED_PRECONDITION, 'etcdserver: lease already exists', 'invalid'],
  [status.UNIMPLEMENTED, 'Received HTTP status code 404', 'unreachable'],
])('reads status %s "%s" as %s', (code, details, kind) => {
  const failure = failureFrom(fault(code, details));
  expect(failure.kind).toBe(kind);
  expect(failure.message).toBe(details);
});

test('calls what is no gRPC fault a bug, and passes a failure through', () => {
  expect(failureFrom(new TypeError('x')).kind).toBe('bug');
  const failure = new Failure('denied', 'no');
  expect(failureFrom(failure)).toBe(failure);
});

test.each([
  ['etcdserver: permission denied', 'denied'],
  ['etcdserver: invalid auth token', 'unauthenticated'],
  ['', 'unavailable'],
])('reads the reason "%s" of a refused watch as %s', (reason, kind) => {
  expect(failureFromReason(reason).kind).toBe(kind);
});

test('tells a grant that was repeated from other refusals', () => {
  expect(
    isLeaseExists(failureFrom(fault(status.FAILED_PRECONDITION, 'etcdserver: lease already exists'))),
  ).toBe(true);
  expect(isLeaseExists(failureFrom(fault(status.FAILED_PRECONDITION, 'etcdserver: x')))).toBe(false);
});
