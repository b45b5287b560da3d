/** When two answers count as the same. */
import { isDeepStrictEqual } from 'node:util';
import type { IKeyValue, IRangeRequest, IRequestOp, ITxnRequest } from 'etcd3';
import type { Operation } from './operations.js';
import type { Answer } from './side.js';
import type { Told, WatchLog } from './watch-log.js';

/** True when the answers are the same, but for what etcd leaves to its sort algorithm. */
export function sameAnswer(operation: Operation, one: Answer, other: Answer): boolean {
  return isDeepStrictEqual(comparable(operation, one), comparable(operation, other));
}

function comparable(operation: Operation, answer: Answer): unknown {
  if (operation.kind === 'range') return withoutTies(operation.request, answer);
  if (operation.kind === 'txn') return withoutTiesInside(operation.request, answer);
  return answer;
}

/** The parts of an answer to a transaction or to a range that are looked into. */
interface TxnAnswer extends Answer {
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_range?: RangeAnswer;
    readonly response_txn?: TxnAnswer;
  }[];
}
interface RangeAnswer extends Answer {
  readonly kvs?: readonly IKeyValue[];
  readonly count?: string;
  readonly more?: boolean;
}

function withoutTiesInside(request: ITxnRequest, answer: TxnAnswer): TxnAnswer {
  if (!answer.responses) return answer;
  const ops: readonly IRequestOp[] = (answer.succeeded ? request.success : request.failure) ?? [];
  const responses = answer.responses.map((response, index) => {
    const { request_range: range, request_txn: txn } = ops[index] ?? {};
    if (range) return { response_range: withoutTies(range, response.response_range ?? {}) };
    if (txn) return { response_txn: withoutTiesInside(txn, response.response_txn ?? {}) };
    return response;
  });
  return { ...answer, responses };
}

/** Up to this length Go's sort keeps the order of equal elements; beyond, it is not foretold. */
const stableMax = 12;

/** Of a long list sorted by a property that keys may share, only the order of the property counts, and which keys when all are there. */
function withoutTies(request: IRangeRequest, answer: RangeAnswer): Answer {
  const { kvs, count, more } = answer;
  const property = sharedProperty(request);
  if (!property || !kvs || Number(count) <= stableMax) return answer;
  const order = request.keys_only && property === 'value' ? 'hidden' : kvs.map((kv) => kv[property]);
  const byKey = (a: IKeyValue, b: IKeyValue): number => Buffer.compare(a.key, b.key);
  return { ...answer, kvs: more ? kvs.length : kvs.slice().sort(byKey), order };
}

function sharedProperty(request: IRangeRequest): keyof IKeyValue | undefined {
  switch (request.sort_target) {
    case 'Version':
      return 'version';
    case 'Create':
      return 'create_revision';
    case 'Mod':
      return 'mod_revision';
    case 'Value':
      return 'value';
    default:
      return undefined;
  }
}

/** How what two streams were told relates: the same, one is only further on, or they contradict each other. */
export type Relation = 'same' | 'waiting' | 'different';

/** Where two streams part: the watcher, the place in what it was told, and what each was told there (undefined: nothing yet). */
export interface Parting {
  readonly watcher: string;
  readonly index: number;
  readonly one: unknown;
  readonly other: unknown;
}

/** Compares two streams watcher by watcher: the one named in `exactly` message by message, of the others the events and how they end. */
export function relationOf(ours: WatchLog, real: WatchLog, exactly?: string): [Relation, ...Parting[]] {
  const waiting: Parting[] = [];
  for (const watcher of new Set([...ours.untaken.keys(), ...real.untaken.keys()])) {
    const ones = partsOf(ours.untaken.get(watcher) ?? [], watcher === exactly);
    const others = partsOf(real.untaken.get(watcher) ?? [], watcher === exactly);
    const common = Math.min(ones.length, others.length);
    const index = ones.slice(0, common).findIndex((part, at) => !samePart(part, others[at]));
    if (index >= 0) return ['different', { watcher, index, one: ones[index], other: others[index] }];
    if (ones.length !== others.length)
      waiting.push({ watcher, index: common, one: ones[common], other: others[common] });
  }
  return waiting.length > 0 ? ['waiting', ...waiting] : ['same'];
}

function partsOf(told: readonly Told[], exactly: boolean): unknown[] {
  if (exactly) return joined(told);
  const parts: unknown[] = [];
  for (const { events, ...ending } of told) parts.push(...(events.length > 0 ? events : [ending]));
  return parts;
}

/** A message with its fragments put together again, and how many events each of them had. */
interface Joined extends Told {
  readonly cuts: readonly number[];
}

function joined(told: readonly Told[]): Joined[] {
  const messages: Joined[] = [];
  let open: Joined | undefined;
  for (const part of told) {
    const cuts = [...(open?.cuts ?? []), part.events.length];
    const message = { ...part, events: [...(open?.events ?? []), ...part.events], cuts };
    if (!part.fragment) messages.push(message);
    open = part.fragment ? message : undefined;
  }
  return open ? [...messages, open] : messages;
}

/**
 * True when the parts are equal. The real etcd may have sent whole what ours cut: it notes that a watcher wants fragments
 * only after the watcher exists, and if it feeds it in between, it does not know yet (seen once in some 20,000 watchers).
 */
function samePart(ours: unknown, real: unknown): boolean {
  if (isDeepStrictEqual(ours, real)) return true;
  const whole = (real as Partial<Joined>).cuts?.length === 1;
  return whole && isDeepStrictEqual({ ...(ours as Joined), cuts: [] }, { ...(real as Joined), cuts: [] });
}
