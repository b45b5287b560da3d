/**
 * Turns what differs from desired into transactions that etcd accepts: at most 128 operations with those inside of guards,
 * and 1 MiB each, no key twice, refused entries alone, and a bump of the fence in the transaction that overtakes a write of
 * unknown outcome.
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

/**
 * etcd's default `--max-txn-ops` is 128. It holds for the operations of a transaction together with those on the longest way
 * into the guards of one of them, and one is for the fence.
 */
const operationLimit = 124;
const countedLimit = 127;
/** Half of etcd's default request limit of 1.5 MiB would do; 1 MiB keeps room for the envelope. */
const byteLimit = 1_048_576;

/**
 * The next flush. When one entry needs a bump of the fence, only such entries are flushed: a bump fails all others. What was
 * denied before holds nobody up: it is tried beside them.
 */
export function planWrites(input: PlanInput): readonly WriteBatch[] {
  const waiting: Registration[] = [];
  for (const key of input.dirty) {
    const registration = input.registrations.get(key);
    if (registration !== undefined) waiting.push(registration);
  }
  const { fence } = input;
  if (fence === null) return pack(waiting, input);
  const fenceBump = bumped(fence);
  const overtaking = waiting.filter((registration) => needsBump(registration, fence));
  const hopeful = overtaking.filter((registration) => !wasDenied(registration));
  if (hopeful.length > 0)
    return pack(hopeful, input)
      .slice(0, 1)
      .map((batch) => ({ ...batch, fenceBump }));
  const denied = new Set(overtaking.map(({ key }) => key));
  const others = waiting.filter(({ key }) => !denied.has(key));
  return pack([...others, ...overtaking], input).map((batch) =>
    [...batch.versions.keys()].some((key) => denied.has(key)) ? { ...batch, fenceBump } : batch,
  );
}

/** Such an entry goes alone. */
function wasDenied({ solo, lastError }: Registration): boolean {
  return solo && lastError?.kind === 'denied';
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
    const retired = retiredBy(registration, input.leaseId);
    const guards = Math.max(...operations.map(guardsOf));
    if (registration.solo || isFull(draft, { count: operations.length, bytes, guards, retired })) close();
    const added = draft.versions.size === 0 ? operationsFor(registration, input, draft.ensured) : operations;
    draft.operations.push(...added);
    draft.versions.set(registration.key, registration.version);
    draft.bytes += bytes;
    draft.guards = Math.max(draft.guards, guards);
    for (const leaseId of retired) draft.retired.add(leaseId);
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
  /** Of the operation that has most of them. */
  guards: number;
}

function newDraft(): Draft {
  return { operations: [], versions: new Map(), ensured: new Set(), retired: new Set(), bytes: 0, guards: 0 };
}

interface Addition {
  readonly count: number;
  readonly bytes: number;
  readonly guards: number;
  readonly retired: readonly string[];
}

/** True when that would be too much for the transaction. */
function isFull(draft: Draft, { count, bytes, guards, retired }: Addition): boolean {
  const operations = draft.operations.length + count;
  const fences = new Set([...draft.retired, ...retired]).size;
  const counted = operations + fences + Math.max(draft.guards, guards);
  return operations > operationLimit || counted > countedLimit || draft.bytes + bytes > byteLimit;
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

/** How many operations etcd counts on the longest way into the transactions that guard this one. */
function guardsOf(operation: WriteOperation): number {
  switch (operation.type) {
    case 'put': {
      if (!operation.onlyIfFree) return 0;
      return operation.leased ? 3 + (operation.formerLeases?.length ?? 0) : 4;
    }
    case 'ensure':
      return 1;
    case 'delete':
      return Math.max(operation.owners.length, 1);
  }
}

/**
 * Bytes on the wire, counting every UTF-16 unit beyond ASCII as three bytes of UTF-8, which is the most it can take. Each
 * guard names the key, and repeats the operation.
 */
function sizeOf(operation: WriteOperation): number {
  const { key, value } = operation;
  const once = byteBound(key) + (value === null ? 20 : byteBound(value)) + 32;
  return once + guardsOf(operation) * (once + byteBound(key) + 32);
}

function byteBound(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) bytes += 2;
  return bytes;
}
