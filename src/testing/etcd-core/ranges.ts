/** How a range request is answered from the store: which revision, which keys, in what order, how many. */
import type { IRangeRequest } from 'etcd3';
import { bytesOf, spanOf } from './bytes.js';
import type { KeyValue, RangeResponse, ResponseHeader } from './messages.js';
import { refusal } from './refusal.js';
import type { KeyState, Revisions } from './revisions.js';

/** What a range needs to know besides the store: the revision it reads as "now", and how its header looks. */
export interface RangeView {
  readonly revisions: Revisions;
  readonly now: number;
  readonly header: (revision: number) => ResponseHeader;
}

/** A state as etcd's KeyValue message. */
export function keyValueOf(state: KeyState): KeyValue {
  return {
    key: bytesOf(state.key),
    create_revision: String(state.createRevision),
    mod_revision: String(state.modRevision),
    version: String(state.version),
    value: state.value,
    lease: state.lease,
  };
}

/** Refuses a revision nobody can read. Zero and below mean "now". */
export function checkReadable(revisions: Revisions, now: number, revision: number): void {
  if (revision > now) throw refusal('futureRevision');
  if (revision > 0 && revision < revisions.compacted) throw refusal('compacted');
}

/** Answers a range request. `count` counts the whole span, `kvs` is what filters and limit leave of it. */
export function answerRange(view: RangeView, request: IRangeRequest): RangeResponse {
  const revision = Number(request.revision ?? 0);
  checkReadable(view.revisions, view.now, revision);
  const at = revision > 0 ? revision : view.now;
  const all = view.revisions.read(spanOf(request.key, request.range_end), at);
  const base = { header: view.header(view.now), count: String(all.length) };
  if (request.count_only) return { ...base, kvs: [], more: false };

  const limit = Number(request.limit ?? 0);
  const sorted = sort(select(all, request, limit), request);
  const kept = limit > 0 ? sorted.slice(0, limit) : sorted;
  const kvs = kept.map((state) => keyValueOf(request.keys_only ? { ...state, value: noValue } : state));
  return { ...base, kvs, more: kept.length < sorted.length };
}

const noValue = Buffer.alloc(0);

/**
 * The candidates before sorting. Without filters and without a sort order etcd reads one key more than the limit and stops,
 * so that a sort target alone (which sorts ascending) sorts only what the limit let through.
 */
function select(all: KeyState[], request: IRangeRequest, limit: number): KeyState[] {
  const minMod = Number(request.min_mod_revision ?? 0);
  const maxMod = Number(request.max_mod_revision ?? 0);
  const minCreate = Number(request.min_create_revision ?? 0);
  const maxCreate = Number(request.max_create_revision ?? 0);
  const unfiltered = minMod === 0 && maxMod === 0 && minCreate === 0 && maxCreate === 0;
  if (unfiltered) return limit > 0 && orderOf(request) === 'None' ? all.slice(0, limit + 1) : all;
  return all.filter(
    (state) =>
      (maxMod === 0 || state.modRevision <= maxMod) &&
      (minMod === 0 || state.modRevision >= minMod) &&
      (maxCreate === 0 || state.createRevision <= maxCreate) &&
      (minCreate === 0 || state.createRevision >= minCreate),
  );
}

type Comparison = (a: KeyState, b: KeyState) => number;

const comparisons: Readonly<Record<string, Comparison>> = {
  Key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  Version: (a, b) => a.version - b.version,
  Create: (a, b) => a.createRevision - b.createRevision,
  Mod: (a, b) => a.modRevision - b.modRevision,
  Value: (a, b) => Buffer.compare(a.value, b.value),
};

function sort(states: KeyState[], request: IRangeRequest): KeyState[] {
  const target = targetOf(request);
  const order = orderOf(request);
  const compare = comparisons[target];
  if (!compare || (order === 'None' && target === 'Key')) return states;
  const sign = order === 'Descend' ? -1 : 1;
  return states.slice().sort((a, b) => sign * compare(a, b));
}

function orderOf(request: IRangeRequest): string {
  const order = request.sort_order ?? 'None';
  return typeof order === 'string' ? order : (['None', 'Ascend', 'Descend'][order] ?? 'None');
}

function targetOf(request: IRangeRequest): string {
  const target = request.sort_target ?? 'Key';
  return typeof target === 'string' ? target : (Object.keys(comparisons)[target] ?? 'Key');
}
