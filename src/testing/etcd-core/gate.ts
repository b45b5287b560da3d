/** What etcd looks at before it lets a request in, when there are users or closed prefixes: its form, its token, its size, its keys. */
import type {
  IAuthenticateRequest,
  ICompactionRequest,
  IPutRequest,
  IRangeRequest,
  IRequestOp,
  ITxnRequest,
} from 'etcd3';
import { Access, type AccessOptions } from './access.js';
import { type KeySpan, spanOf } from './bytes.js';
import { type Leases, leaseId, noLease } from './leases.js';
import { EtcdRefusal, reasonOf } from './refusal.js';
import { checkKey, checkPut, checkSize, checkTxn, isReadOnly } from './txn-check.js';

/** The requests that are looked at. etcd answers the others to everybody, keepalives among them. */
export interface GuardedRequests {
  readonly range: IRangeRequest;
  readonly put: IPutRequest;
  readonly deleteRange: IRangeRequest;
  readonly txn: ITxnRequest;
  readonly compact: ICompactionRequest;
  readonly leaseGrant: object;
  readonly leaseRevoke: { readonly ID?: string | number };
}
export type GuardedMethod = keyof GuardedRequests;

/** What a request brings along besides its content: how long it is on the wire, and its caller's token. */
export interface Envelope {
  readonly bytes: number;
  readonly token: string | undefined;
}

export class Gate {
  /** At first everybody may touch everything. */
  readonly access: Access;
  readonly #leases: Leases;
  readonly #now: () => number;

  constructor(leases: Leases, options: AccessOptions, now: () => number) {
    this.access = new Access(options);
    this.#leases = leases;
    this.#now = now;
  }

  /** Refuses, before it is carried out, a request that its caller is not let in with. */
  admit<Method extends GuardedMethod>(
    method: Method,
    request: GuardedRequests[Method],
    { bytes, token }: Envelope,
  ): void {
    if (this.access.isOpen) return;
    const rule: Rule<Method> = rules[method];
    rule.checkForm(request);
    const caller = this.access.callerOf(token, this.#now());
    if (rule.isReplicated(request)) checkSize(bytes);
    this.access.check(caller, rule.spans(request, this.#leases));
  }

  /** Answers a token for a user's password; `token` is what came with the request. */
  login({ name = '', password = '' }: IAuthenticateRequest, token?: string): string {
    return this.access.login(name, password, { token, nowMs: this.#now() });
  }

  /** Why the bearer of the token may not watch the span, if he may not. */
  denialOf(span: KeySpan, token: string | undefined): string | undefined {
    try {
      this.access.check(this.access.callerOf(token, this.#now()), [span]);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof EtcdRefusal) return reasonOf(thrown);
      throw thrown;
    }
  }
}

interface Rule<Method extends GuardedMethod> {
  readonly checkForm: (request: GuardedRequests[Method]) => void;
  readonly isReplicated: (request: GuardedRequests[Method]) => boolean;
  readonly spans: (request: GuardedRequests[Method], leases: Leases) => readonly KeySpan[];
}

const anyForm = (): void => undefined;
const always = (): boolean => true;

const rules: { readonly [Method in GuardedMethod]: Rule<Method> } = {
  range: {
    checkForm: ({ key }) => checkKey(key),
    isReplicated: () => false,
    spans: (range) => [spanOfRange(range)],
  },
  put: {
    checkForm: checkPut,
    isReplicated: always,
    // A put by itself is allowed to those who may put everything else on its lease; one in a transaction is not held to that.
    spans: (put, leases) => [...keysOf(leases, put.lease), spanOfRange(put)],
  },
  deleteRange: {
    checkForm: ({ key }) => checkKey(key),
    isReplicated: always,
    spans: (range) => [spanOfRange(range)],
  },
  txn: { checkForm: checkTxn, isReplicated: (txn) => !isReadOnly(txn), spans: spansOfTxn },
  compact: { checkForm: anyForm, isReplicated: () => false, spans: () => [] },
  leaseGrant: { checkForm: anyForm, isReplicated: () => false, spans: () => [] },
  leaseRevoke: {
    checkForm: anyForm,
    isReplicated: () => false,
    spans: ({ ID }, leases) => keysOf(leases, ID),
  },
};

function spanOfRange({ key, range_end: end }: { key?: Buffer; range_end?: Buffer }): KeySpan {
  return spanOf(key, end);
}

function keysOf(leases: Leases, lease: string | number | undefined): readonly KeySpan[] {
  const id = leaseId(lease);
  if (id === noLease) return [];
  return [...(leases.get(id)?.keys ?? [])].map((key) => ({ from: key, until: `${key}\0` }));
}

/** Everything compared, read or written in either branch. Like etcd 3.4, it does not look into nested transactions. */
function spansOfTxn({ compare = [], success = [], failure = [] }: ITxnRequest): readonly KeySpan[] {
  return [...compare.map(spanOfRange), ...[...success, ...failure].flatMap(spansOfOp)];
}

function spansOfOp(op: IRequestOp): readonly KeySpan[] {
  const range = op.request_range ?? op.request_put ?? op.request_delete_range;
  return range ? [spanOfRange(range)] : [];
}
