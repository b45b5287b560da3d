/**
 * Turns what differs from desired into transactions that etcd accepts: at most 128 operations and 1 MiB each, no key
 * twice, refused entries alone, and a bump of the fence in the transaction that overtakes a write of unknown outcome.
 */
import type { Registration } from './registration.js';
import type { ShardedMap } from './sharded-map.js';

/** One operation of a transaction; the adapter guards each as its comment says. */
export type WriteOperation =
  /**
   * Unconditional, or only if the key is free: absent, without lease, or under a lease that we have given up; for an entry
   * without lease, only with another value. A null value stands for the lease id.
   */
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: string | null;
      readonly leased: boolean;
      readonly onlyIfFree: boolean;
      /** Leases given up under which the key may still lie. */
      readonly formerLeases?: readonly string[];
    }
  /** Only if the key does not exist; without lease. */
  | { readonly type: 'ensure'; readonly key: string; readonly value: string }
  /** Only while the key carries one of these leases, or this value if the entry was written for good. */
  | {
      readonly type: 'delete';
      readonly key: string;
      readonly owners: readonly string[];
      readonly value: string | null;
    };

/** One transaction. It is applied only if the fence still has the value that the flush read. */
export interface WriteBatch {
  readonly id: number;
  readonly operations: readonly WriteOperation[];
  /** The intents it serves, by key. */
  readonly versions: ReadonlyMap<string, number>;
  /** The fence's new value, or null to leave it. */
  readonly fenceBump: string | null;
  /** Leases given up whose fences have to go, because a write under one of them may still be applied. */
  readonly retiredFences?: readonly string[];
}

export interface PlanInput {
  readonly registrations: ShardedMap<Registration>;
  readonly dirty: Iterable<string>;
  readonly leaseId: string;
  readonly fence: string | null;
  readonly ensured: ShardedMap<true>;
}

/** etcd's default `--max-txn-ops` is 128; the rest is for the fence and for the fences of leases given up. */
const operationLimit = 124;
/** Half of etcd's default request limit of 1.5 MiB would do; 1 MiB keeps room for the envelope. */
const byteLimit = 1_048_576;

/** The next flush. When one entry needs a bump of the fence, only such entries are flushed: a bump fails all others. */
export function planWrites(input: PlanInput): readonly WriteBatch[] {
  const waiting: Registration[] = [];
  for (const key of input.dirty) {
    const registration = input.registrations.get(key);
    if (registration !== undefined) waiting.push(registration);
  }
  const overtaking = waiting.filter((registration) => needsBump(registration, input.fence));
  if (overtaking.length > 0 && input.fence !== null) {
    const first = pack(overtaking, input).slice(0, 1);
    return first.map((batch) => ({ ...batch, fenceBump: bumped(input.fence ?? '0') }));
  }
  return pack(waiting, input);
}

/**
 * A write of unknown outcome may still be applied after this one. That is no harm if it serves the same intent, except
 * for a delete: its entry is forgotten once etcd has answered, and what is registered anew must not meet the old one.
 */
function needsBump({ ambiguous, version, state }: Registration, fence: string | null): boolean {
  if (ambiguous === null || ambiguous.fence !== fence) return false;
  return ambiguous.version !== version || state === 'withdrawing';
}

/** Grows with every move, so that no value comes twice. What is no number has been put there by somebody else. */
function bumped(fence: string): string {
  return /^[0-9]{1,300}$/.test(fence) ? (BigInt(fence) + 1n).toString() : `${fence}1`;
}

function pack(registrations: readonly Registration[], input: PlanInput): WriteBatch[] {
  const batches: WriteBatch[] = [];
  let draft = newDraft();
  const close = (): void => {
    if (draft.versions.size === 0) return;
    batches.push({
      id: batches.length,
      operations: draft.operations,
      versions: draft.versions,
      fenceBump: null,
      ...(draft.retired.size > 0 ? { retiredFences: [...draft.retired] } : {}),
    });
    draft = newDraft();
  };
  for (const registration of registrations) {
    const operations = operationsFor(registration, input, draft.ensured);
    const bytes = operations.reduce((sum, operation) => sum + sizeOf(operation), 0);
    const isFull =
      draft.operations.length + operations.length > operationLimit || draft.bytes + bytes > byteLimit;
    if (isFull || registration.solo) close();
    const added = draft.versions.size === 0 ? operationsFor(registration, input, draft.ensured) : operations;
    draft.operations.push(...added);
    draft.versions.set(registration.key, registration.version);
    draft.bytes += bytes;
    for (const leaseId of retiredBy(registration, input.leaseId)) draft.retired.add(leaseId);
    for (const operation of added) if (operation.type === 'ensure') draft.ensured.add(operation.key);
    if (registration.solo) close();
  }
  close();
  return batches;
}

interface Draft {
  readonly operations: WriteOperation[];
  readonly versions: Map<string, number>;
  readonly ensured: Set<string>;
  readonly retired: Set<string>;
  bytes: number;
}

function newDraft(): Draft {
  return { operations: [], versions: new Map(), ensured: new Set(), retired: new Set(), bytes: 0 };
}

/**
 * A withdrawal moves the fence of the lease in use, but a write under a lease that we have given up compares that
 * lease's fence, and etcd may hold the lease for another TTL: without its fence the write cannot be applied.
 */
function retiredBy({ state, attempted }: Registration, leaseId: string): readonly string[] {
  return state === 'withdrawing' ? attempted.filter((lease) => lease !== leaseId) : [];
}

function operationsFor(
  registration: Registration,
  input: PlanInput,
  ensuredInDraft: ReadonlySet<string>,
): readonly WriteOperation[] {
  const { key, value, leased, state, repair } = registration;
  const former = formerLeases(registration, input.leaseId);
  if (state === 'withdrawing') {
    const owners = leased ? [input.leaseId, ...former] : [];
    return [{ type: 'delete', key, owners, value: leased ? null : value }];
  }
  const elsewhere = repair && former.length > 0 ? { formerLeases: former } : {};
  const put: WriteOperation = { type: 'put', key, value, leased, onlyIfFree: repair, ...elsewhere };
  const parent = registration.parentRefused ? null : registration.parent;
  if (parent === null || input.ensured.has(parent.key) || ensuredInDraft.has(parent.key)) return [put];
  return [{ type: 'ensure', key: parent.key, value: parent.value }, put];
}

/** The leases other than ours under which the entry may lie. */
function formerLeases({ leased, leaseId, attempted }: Registration, inUse: string): readonly string[] {
  if (!leased) return [];
  const known = new Set([...(leaseId === null ? [] : [leaseId]), ...attempted]);
  known.delete(inUse);
  return [...known];
}

/** Bytes on the wire, counting every UTF-16 unit beyond ASCII as three bytes of UTF-8, which is the most it can take. */
function sizeOf(operation: WriteOperation): number {
  return byteBound(operation.key) + (operation.value === null ? 20 : byteBound(operation.value)) + 32;
}

function byteBound(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) bytes += 2;
  return bytes;
}
