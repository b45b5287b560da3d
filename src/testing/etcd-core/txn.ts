/** How puts, deletes and transactions are applied: compares on the state before, then every operation at one revision. */
import type { ICompare, IDeleteRangeRequest, IPutRequest, IRequestOp, ITxnRequest } from 'etcd3';
import { type KeySpan, spanOf, textOf } from './bytes.js';
import { type Leases, leaseId, noLease } from './leases.js';
import type {
  DeleteRangeResponse,
  PutResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from './messages.js';
import { answerRange, checkReadable, keyValueOf } from './ranges.js';
import { refusal } from './refusal.js';
import type { KeyState, Revisions, WriteTxn } from './revisions.js';

/** What the operations work on. */
export interface TxnStore {
  readonly revisions: Revisions;
  readonly leases: Leases;
}

const noValue = Buffer.alloc(0);

/** The header of an answer inside a transaction tells the revision and nothing else. */
const innerHeader = (revision: number): ResponseHeader => ({
  cluster_id: '0',
  member_id: '0',
  revision: String(revision),
  raft_term: '0',
});

/** A transaction whose compares are decided: the operations that will run. */
interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly { readonly op: IRequestOp; readonly nested: Plan | undefined }[];
}

/** Applies a transaction whose form was checked before. Refuses before anything is changed, or not at all. */
export function applyTxn(
  store: TxnStore,
  request: ITxnRequest,
): { readonly response: TxnResponse; readonly changes: readonly KeyState[] } {
  const plan = planOf(store.revisions, request);
  for (const { request_put: put } of opsOf(plan)) {
    if (!put) continue;
    checkKept(store, put);
    checkLease(store, put);
  }
  for (const { request_range: range } of opsOf(plan))
    if (range) checkTxnRead(store.revisions, Number(range.revision ?? 0));
  const { result: response, changes } = store.revisions.write((txn) => run(store, txn, plan));
  return { response, changes };
}

/** Refuses a put that keeps the value or the lease of a key that does not exist. */
export function checkKept(store: TxnStore, request: IPutRequest): void {
  const keeps = request.ignore_value || request.ignore_lease;
  if (keeps && !store.revisions.stateOf(textOf(request.key))) throw refusal('keyNotFound');
}

/** Refuses a put under a lease that does not exist. */
export function checkLease(store: TxnStore, request: IPutRequest): void {
  const lease = leaseId(request.lease);
  if (lease !== noLease && !store.leases.get(lease)) throw refusal('leaseNotFound');
}

/** Applies one put; its target was checked. */
export function applyPut(store: TxnStore, txn: WriteTxn, request: IPutRequest): PutResponse {
  const key = textOf(request.key);
  const previous = store.revisions.stateOf(key, txn.revision);
  const value = request.ignore_value ? (previous?.value ?? noValue) : Buffer.from(request.value ?? noValue);
  const lease = request.ignore_lease ? (previous?.lease ?? noLease) : leaseId(request.lease);
  txn.put(key, value, lease);
  return {
    header: innerHeader(txn.revision),
    prev_kv: request.prev_kv && previous ? keyValueOf(previous) : null,
  };
}

/** Applies one delete. */
export function applyDelete(txn: WriteTxn, request: IDeleteRangeRequest): DeleteRangeResponse {
  const deleted = txn.delete(spanOf(request.key, request.range_end));
  return {
    header: innerHeader(revisionNow(txn)),
    deleted: String(deleted.length),
    prev_kvs: request.prev_kv ? deleted.map(keyValueOf) : [],
  };
}

/** The revision a reader inside the write sees: the one before, until something is changed. */
function revisionNow(txn: WriteTxn): number {
  return txn.changes.length > 0 ? txn.revision : txn.revision - 1;
}

function run(store: TxnStore, txn: WriteTxn, plan: Plan): TxnResponse {
  const responses = plan.steps.map(({ op, nested }): ResponseOp => {
    if (op.request_range) {
      const view = { revisions: store.revisions, now: revisionNow(txn), header: innerHeader };
      return { response: 'response_range', response_range: answerRange(view, op.request_range) };
    }
    if (op.request_put)
      return { response: 'response_put', response_put: applyPut(store, txn, op.request_put) };
    if (op.request_delete_range) {
      const response = applyDelete(txn, op.request_delete_range);
      return { response: 'response_delete_range', response_delete_range: response };
    }
    if (nested) return { response: 'response_txn', response_txn: run(store, txn, nested) };
    throw new Error('a transaction with an empty operation passed the check of its form');
  });
  return { header: innerHeader(0), succeeded: plan.succeeded, responses };
}

function planOf(revisions: Revisions, request: ITxnRequest): Plan {
  const succeeded = (request.compare ?? []).every((compare) => holds(revisions, compare));
  const ops = (succeeded ? request.success : request.failure) ?? [];
  const steps = ops.map((op) => ({
    op,
    nested: op.request_txn ? planOf(revisions, op.request_txn) : undefined,
  }));
  return { succeeded, steps };
}

function opsOf(plan: Plan): IRequestOp[] {
  return plan.steps.flatMap(({ op, nested }) => (nested ? opsOf(nested) : [op]));
}

/** Unlike a plain range, a range in a transaction takes a negative revision for a revision. */
function checkTxnRead(revisions: Revisions, revision: number): void {
  if (revision < 0 && revision < revisions.compacted) throw refusal('compacted');
  checkReadable(revisions, revisions.head, revision);
}

/** True when the compare holds for every key of its span; for a span without keys, when it holds for a key that never was. */
function holds(revisions: Revisions, compare: ICompare): boolean {
  const span: KeySpan = spanOf(compare.key, compare.range_end);
  const states = revisions.read(span);
  if (states.length === 0) return targetOf(compare) !== 'Value' && agrees(compare, undefined);
  return states.every((state) => agrees(compare, state));
}

function agrees(compare: ICompare, state: KeyState | undefined): boolean {
  const difference = differenceOf(compare, state);
  switch (compare.result ?? 'Equal') {
    case 'Equal':
    case 0:
      return difference === 0;
    case 'Greater':
    case 1:
      return difference > 0;
    case 'Less':
    case 2:
      return difference < 0;
    case 'NotEqual':
    case 3:
      return difference !== 0;
    default:
      return true;
  }
}

/** Below, equal or above zero as the key's property is below, equal or above the one compared with (zero when not given). */
function differenceOf(compare: ICompare, state: KeyState | undefined): number {
  const against = (have: number | undefined, want: string | number | undefined): number =>
    (have ?? 0) - Number(want ?? 0);
  switch (targetOf(compare)) {
    case 'Version':
      return against(state?.version, compare.version);
    case 'Create':
      return against(state?.createRevision, compare.create_revision);
    case 'Mod':
      return against(state?.modRevision, compare.mod_revision);
    case 'Lease': {
      const difference = BigInt(state?.lease ?? 0) - BigInt(compare.lease ?? 0);
      return difference === 0n ? 0 : difference > 0n ? 1 : -1;
    }
    case 'Value':
      return Buffer.compare(state?.value ?? noValue, compare.value ?? noValue);
    default:
      return 0;
  }
}

function targetOf(compare: ICompare): string {
  const target = compare.target ?? 'Version';
  return typeof target === 'string'
    ? target
    : (['Version', 'Create', 'Mod', 'Value', 'Lease'][target] ?? 'Version');
}
