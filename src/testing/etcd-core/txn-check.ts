/** What etcd checks of a write request before it looks at any key: sizes, empty keys, contradictions, overlaps. */
import type { IDeleteRangeRequest, IPutRequest, IRequestOp, ITxnRequest } from 'etcd3';
import { covers, type KeySpan, spanOf, textOf } from './bytes.js';
import { refusal } from './refusal.js';

/** How many entries one list of a transaction may have; nested transactions share what is left. */
const txnOpsMax = 128;
/** The longest replicated message. */
const replicatedBytesMax = 1.5 * 1024 * 1024;
/** What etcd wraps around a request to replicate it. */
const replicatedBytesExtra = 18;

/** Refuses a write that is too long to be replicated. */
export function checkSize(bytes: number): void {
  if (bytes + replicatedBytesExtra > replicatedBytesMax) throw refusal('tooLarge');
}

/** True when etcd answers the transaction without replicating it. A nested transaction counts as a write, whatever is in it. */
export function isReadOnly({ success = [], failure = [] }: ITxnRequest): boolean {
  return [...success, ...failure].every((op) => op.request_range !== undefined);
}

export function checkKey(key: Uint8Array | undefined): void {
  if (key === undefined || key.length === 0) throw refusal('emptyKey');
}

export function checkPut(request: IPutRequest): void {
  checkKey(request.key);
  if (request.ignore_value && request.value !== undefined && request.value.length > 0)
    throw refusal('valueProvided');
  if (request.ignore_lease && BigInt(request.lease ?? 0) !== 0n) throw refusal('leaseProvided');
}

/** Refuses a transaction etcd would not even propose. */
export function checkTxn(request: ITxnRequest): void {
  checkOps(request, txnOpsMax);
  checkOverlaps(request.success ?? []);
  checkOverlaps(request.failure ?? []);
}

function checkOps(request: ITxnRequest, opsMax: number): void {
  const { compare = [], success = [], failure = [] } = request;
  const longest = Math.max(compare.length, success.length, failure.length);
  if (longest > opsMax) throw refusal('tooManyOps');
  for (const one of compare) checkKey(one.key);
  for (const op of [...success, ...failure]) checkOp(op, opsMax - longest);
}

function checkOp(op: IRequestOp, opsMax: number): void {
  if (op.request_range) checkKey(op.request_range.key);
  else if (op.request_put) checkPut(op.request_put);
  else if (op.request_delete_range) checkKey(op.request_delete_range.key);
  else if (op.request_txn) checkOps(op.request_txn, opsMax);
  else throw refusal('keyNotFound');
}

/** The keys a list of operations puts, and the spans it deletes. */
interface Touched {
  readonly puts: Set<string>;
  readonly deletes: KeySpan[];
}

/** Refuses two puts of one key, and a put of a key that the same list deletes; the branches of a nested txn exclude each other. */
function checkOverlaps(ops: readonly IRequestOp[]): Touched {
  const puts = new Set<string>();
  const deletes = ops.flatMap(({ request_delete_range: range }) => (range ? boundedSpans(range) : []));
  const add = (key: string, mayRepeat?: ReadonlySet<string>): void => {
    const repeated = puts.has(key) && !mayRepeat?.has(key);
    if (repeated || deletes.some((span) => covers(span, key))) throw refusal('duplicateKey');
    puts.add(key);
  };
  for (const { request_txn: nested } of ops) {
    if (!nested) continue;
    const success = checkOverlaps(nested.success ?? []);
    const failure = checkOverlaps(nested.failure ?? []);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) add(key, success.puts);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const { request_put: put } of ops) if (put) add(textOf(put.key));
  return { puts, deletes };
}

/** etcd's check does not understand a delete of everything from a key on, and lets it overlap with any put. */
function boundedSpans(request: IDeleteRangeRequest): KeySpan[] {
  const span = spanOf(request.key, request.range_end);
  return span.until === null ? [] : [span];
}
