/** Fills the registry's writing ports: opens the fence, and sends transactions that compare it. */
import { randomInt, randomUUID } from 'node:crypto';
import type { ICompare, IRequestOp, IResponseOp, ITxnRequest, ITxnResponse } from 'etcd3';
import {
  type BatchAnswered,
  type BatchOutcome,
  type OpenedFence,
  type RequestPort,
  request,
  type StreamPort,
  stream,
  type WriteBatch,
  type WriteOperation,
} from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { EtcdLink, LinkInUse } from './link.js';
import type { WriteInput } from './ports.js';
import { sentinelIdentity } from './probe.js';
import { fenceKey, sentinelKey } from './settings.js';
import { bytesOf, textOf } from './text.js';

/** More transactions at once bring nothing on one etcd, and each may fail when the fence moves. */
const inFlightLimit = 4;

/** Wide enough that two fences do not begin alike. */
const fenceStarts = 2 ** 47;

/**
 * Creates the fence under our lease, or adopts it; writes the sentinel if nobody has. A fence that is created again
 * has another value, so that no write is applied which compared the one before (docs/decisions/0005).
 */
export function openFence(links: LinkInUse): RequestPort<OpenedFence, { readonly leaseId: string }> {
  return request<OpenedFence, { readonly leaseId: string }>(async ({ input, signal }) => {
    const link = links.current();
    const fence = bytesOf(fenceKey(link.settings, input.leaseId));
    const sentinel = bytesOf(sentinelKey(link.settings));
    const value = randomUUID();
    const start = String(randomInt(fenceStarts));
    const ensureSentinel: IRequestOp = {
      request_txn: {
        compare: [isAbsent(sentinel)],
        success: [{ request_put: { key: sentinel, value: bytesOf(value) } }],
        failure: [{ request_range: { key: sentinel } }],
      },
    };
    const answer = await link.call(signal, (to, options) =>
      to.kv.txn(
        {
          compare: [isAbsent(fence)],
          success: [
            { request_put: { key: fence, value: bytesOf(start), lease: input.leaseId } },
            ensureSentinel,
          ],
          failure: [{ request_range: { key: fence } }, ensureSentinel],
        },
        options,
      ),
    );
    const found = answer.responses[0]?.response_range?.kvs[0];
    const fenceValue = answer.succeeded || found === undefined ? start : textOf(found.value);
    return { fence: fenceValue, sentinel: sentinelFrom(answer, value) };
  });
}

/** Sends the batches, at most four at a time, and reports each answer. */
export function writeBatches(links: LinkInUse): StreamPort<BatchAnswered, WriteInput> {
  return stream<BatchAnswered, WriteInput>(({ input, send }) => {
    const abort = new AbortController();
    const waiting = [...input.batches];
    const pump = async (): Promise<void> => {
      for (
        let batch = waiting.shift();
        batch !== undefined && !abort.signal.aborted;
        batch = waiting.shift()
      ) {
        const outcome = await write(links, input, batch, abort.signal);
        send({ type: 'batch.answered', batch: batch.id, outcome });
      }
    };
    for (let index = 0; index < inFlightLimit; index += 1) void pump();
    return () => abort.abort();
  });
}

/** Never rejects: whatever goes wrong is an outcome. */
async function write(
  links: LinkInUse,
  input: WriteInput,
  batch: WriteBatch,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  try {
    const link = links.current();
    const answer = await link.call(signal, (to, options) =>
      to.kv.txn(transactionOf(link, input, batch), options),
    );
    if (answer.succeeded)
      return { type: 'applied', revision: answer.header.revision, foreign: foreignKeys(batch, answer) };
    const fence = answer.responses[0]?.response_range?.kvs[0];
    return { type: 'fenced', fence: fence === undefined ? null : textOf(fence.value) };
  } catch (thrown) {
    const { kind, message } = failureFrom(thrown);
    return { type: 'failed', failure: { kind, message } };
  }
}

function transactionOf(link: EtcdLink, input: WriteInput, batch: WriteBatch): ITxnRequest {
  const operations = batch.operations.map((operation) => requestOf(operation, input.leaseId));
  if (input.fence === null) return { success: operations };
  const fence = bytesOf(fenceKey(link.settings, input.leaseId));
  const bump: IRequestOp[] =
    batch.fenceBump === null
      ? []
      : [{ request_put: { key: fence, value: bytesOf(batch.fenceBump), lease: input.leaseId } }];
  const retired = (batch.retiredFences ?? []).map(
    (leaseId): IRequestOp => ({ request_delete_range: { key: bytesOf(fenceKey(link.settings, leaseId)) } }),
  );
  return {
    compare: [{ key: fence, target: 'Value', result: 'Equal', value: bytesOf(input.fence) }],
    success: [...operations, ...bump, ...retired],
    failure: [{ request_range: { key: fence } }],
  };
}

function requestOf(operation: WriteOperation, leaseId: string): IRequestOp {
  const key = bytesOf(operation.key);
  switch (operation.type) {
    case 'put': {
      const value = bytesOf(operation.value ?? leaseId);
      const put: IRequestOp = {
        request_put: { key, value, ...(operation.leased ? { lease: leaseId } : {}) },
      };
      if (!operation.onlyIfFree) return put;
      const ours = [leaseId, ...(operation.formerLeases ?? [])].map((lease) => [hasLease(key, lease)]);
      return operation.leased
        ? firstThatHolds([[isAbsent(key)], [hasLease(key, '0')], ...ours], put, key)
        : unlessEqual(key, value, firstThatHolds([[isAbsent(key)], [hasLease(key, '0')]], put, key));
    }
    case 'ensure':
      return {
        request_txn: {
          compare: [isAbsent(key)],
          success: [{ request_put: { key, value: bytesOf(operation.value) } }],
          failure: [],
        },
      };
    case 'delete': {
      const guards =
        operation.value === null
          ? operation.owners.map((owner) => [hasLease(key, owner)])
          : [[hasValue(key, bytesOf(operation.value))]];
      return firstThatHolds(guards, { request_delete_range: { key } }, key);
    }
  }
}

/** Does `then` under the first guard that holds; under none, it only counts the key, to tell whether it exists. */
function firstThatHolds(guards: readonly ICompare[][], then: IRequestOp, key: Buffer): IRequestOp {
  const otherwise: IRequestOp = { request_range: { key, count_only: true } };
  return guards.reduceRight<IRequestOp>(
    (failure, guard) => ({ request_txn: { compare: guard, success: [then], failure: [failure] } }),
    otherwise,
  );
}

/** Nothing, if the key lies there already, with this value and without lease; `otherwise` if not. */
function unlessEqual(key: Buffer, value: Buffer, otherwise: IRequestOp): IRequestOp {
  const compare = [hasLease(key, '0'), hasValue(key, value)];
  return { request_txn: { compare, success: [], failure: [otherwise] } };
}

function isAbsent(key: Buffer): ICompare {
  return { key, target: 'Create', result: 'Equal', create_revision: '0' };
}

function hasLease(key: Buffer, leaseId: string): ICompare {
  return { key, target: 'Lease', result: 'Equal', lease: leaseId };
}

function hasValue(key: Buffer, value: Buffer): ICompare {
  return { key, target: 'Value', result: 'Equal', value };
}

/** The keys that exist but did not meet any of their guards. */
function foreignKeys(batch: WriteBatch, answer: ITxnResponse): string[] {
  return batch.operations.flatMap((operation, index) =>
    operation.type !== 'ensure' && wasLeftAlone(answer.responses[index]) ? [operation.key] : [],
  );
}

function wasLeftAlone(response: IResponseOp | undefined): boolean {
  const inner = response?.response_txn as ITxnResponse | null | undefined;
  if (inner === null || inner === undefined || inner.succeeded) return false;
  const last = inner.responses[0];
  const counted = last?.response_range as { count: string } | null | undefined;
  if (counted !== null && counted !== undefined) return counted.count !== '0';
  return wasLeftAlone(last);
}

function sentinelFrom(answer: ITxnResponse, value: string): string | null {
  const inner = answer.responses[1]?.response_txn as ITxnResponse | undefined;
  if (inner === undefined) return null;
  if (inner.succeeded) return sentinelIdentity(answer.header.revision, value);
  const found = inner.responses[0]?.response_range?.kvs[0];
  return found === undefined ? null : sentinelIdentity(found.create_revision, textOf(found.value));
}
