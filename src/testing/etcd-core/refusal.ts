/** etcd's refusals: the gRPC status code and the exact text a client sees. */

/** A request etcd answers with an error. Nothing was changed. */
export class EtcdRefusal extends Error {
  override readonly name = 'EtcdRefusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The refusals by name; every request that cannot be served meets one of them. */
export type RefusalName =
  | 'emptyKey'
  | 'keyNotFound'
  | 'valueProvided'
  | 'leaseProvided'
  | 'tooManyOps'
  | 'duplicateKey'
  | 'tooLarge'
  | 'compacted'
  | 'futureRevision'
  | 'noSpace'
  | 'leaseNotFound'
  | 'leaseExists'
  | 'leaseTtlTooLarge'
  | 'noAuthentication'
  | 'wrongPassword'
  | 'invalidToken'
  | 'noUser'
  | 'oldRevision'
  | 'permissionDenied';

const answers: Readonly<Record<RefusalName, readonly [code: number, message: string]>> = {
  emptyKey: [3, 'etcdserver: key is not provided'],
  keyNotFound: [3, 'etcdserver: key not found'],
  valueProvided: [3, 'etcdserver: value is provided'],
  leaseProvided: [3, 'etcdserver: lease is provided'],
  tooManyOps: [3, 'etcdserver: too many operations in txn request'],
  duplicateKey: [3, 'etcdserver: duplicate key given in txn request'],
  tooLarge: [3, 'etcdserver: request is too large'],
  compacted: [11, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [11, 'etcdserver: mvcc: required revision is a future revision'],
  noSpace: [8, 'etcdserver: mvcc: database space exceeded'],
  leaseNotFound: [5, 'etcdserver: requested lease not found'],
  leaseExists: [9, 'etcdserver: lease already exists'],
  leaseTtlTooLarge: [11, 'etcdserver: too large lease TTL'],
  noAuthentication: [9, 'etcdserver: authentication is not enabled'],
  wrongPassword: [3, 'etcdserver: authentication failed, invalid user ID or password'],
  invalidToken: [16, 'etcdserver: invalid auth token'],
  noUser: [3, 'etcdserver: user name is empty'],
  oldRevision: [3, 'etcdserver: revision of auth store is old'],
  permissionDenied: [7, 'etcdserver: permission denied'],
};

/** Builds the refusal of that name. */
export function refusal(name: RefusalName): EtcdRefusal {
  const [code, message] = answers[name];
  return new EtcdRefusal(code, message);
}

const codeNames: Readonly<Record<number, string>> = {
  3: 'InvalidArgument',
  7: 'PermissionDenied',
  16: 'Unauthenticated',
};

/** A refusal as text inside another answer, which is how a watch is refused. */
export function reasonOf({ code, message }: EtcdRefusal): string {
  return `rpc error: code = ${codeNames[code] ?? 'Unknown'} desc = ${message}`;
}
