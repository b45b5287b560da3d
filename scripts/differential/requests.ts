/** Makes random requests over few keys, leases and revisions, so that they meet each other often. */
import type {
  ICompare,
  IDeleteRangeRequest,
  IPutRequest,
  IRangeRequest,
  IRequestOp,
  ITxnRequest,
  IWatchCreateRequest,
} from 'etcd3';
import type { Dice } from './dice.js';

/** What one has to know of the world to aim well. */
export interface World {
  readonly head: number;
  readonly compacted: number;
  readonly watchers: number;
  /** A revision at which something was deleted. */
  readonly deletion: number;
}

const letters = ['a', 'a\0', 'a\0\0', 'aa', 'ab', 'b', 'b/', 'b/1', 'b/2', 'b/2/x', 'b0', 'c', 'z'];
const bytes = ['\0', '\0\0', '\x01', '\x7f', '\x80', '\xc3\xa9', '\xfe\xff', '\xff', '\xff\xff'];
export const keys = letters.concat(bytes).map((text) => Buffer.from(text, 'latin1'));
const ends = [...keys, Buffer.from('\0'), Buffer.from('\0')];
export const leases = ['1', '2', '3', '77', '4611686018427387904', '9223372036854775807', '-5'];

/** A watch of all keys; fresh, because it is added to. */
export const everything = (): IWatchCreateRequest => ({
  key: Buffer.from('\0'),
  range_end: Buffer.from('\0'),
});

/** Makes requests. */
export class Requests {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  put(mayKeep: boolean): IPutRequest {
    const dice = this.#dice;
    const kept = mayKeep && dice.chance(0.15);
    const request: IPutRequest = { key: this.#key() };
    if (dice.chance(0.3)) request.prev_kv = true;
    if (kept && dice.chance(0.5)) request.ignore_value = true;
    if (kept && dice.chance(0.5)) request.ignore_lease = true;
    if (!request.ignore_value || dice.chance(0.05)) request.value = this.#value();
    if (dice.chance(request.ignore_lease ? 0.05 : 0.4)) request.lease = this.lease();
    return request;
  }

  /** A delete of everything from a key on hides from etcd's check for overlaps, so it must not meet a put that keeps something. */
  delete(mayGoOn: boolean): IDeleteRangeRequest {
    const span = this.#span(0.8);
    const goesOn = span.range_end?.length === 1 && span.range_end[0] === 0;
    const request: IDeleteRangeRequest = goesOn && !mayGoOn ? { key: span.key } : span;
    return this.#dice.chance(0.4) ? { ...request, prev_kv: true } : request;
  }

  range(world: World, mayBeEmpty = false): IRangeRequest {
    const dice = this.#dice;
    const request: IRangeRequest = this.#span();
    if (mayBeEmpty && dice.chance(0.01)) request.range_end = Buffer.alloc(0);
    if (dice.chance(0.3)) request.revision = this.revision(world);
    if (dice.chance(0.3)) request.limit = dice.pick([-1, 1, 2, 3, 5, 100]);
    if (dice.chance(0.3)) request.sort_order = dice.pick(['None', 'Ascend', 'Descend'] as const);
    if (dice.chance(0.3))
      request.sort_target = dice.pick(['Key', 'Version', 'Create', 'Mod', 'Value'] as const);
    if (dice.chance(0.2)) request.keys_only = true;
    if (dice.chance(0.15)) request.count_only = true;
    if (dice.chance(0.2)) request.serializable = true;
    if (dice.chance(0.1)) request.min_mod_revision = this.revision(world);
    if (dice.chance(0.1)) request.max_mod_revision = this.revision(world);
    if (dice.chance(0.1)) request.min_create_revision = this.revision(world);
    if (dice.chance(0.1)) request.max_create_revision = this.revision(world);
    return request;
  }

  txn(world: World, depth = 0, mayGoOn = this.#dice.chance(0.5)): ITxnRequest {
    const dice = this.#dice;
    const most = depth === 0 && dice.chance(0.01) ? 140 : 4;
    const ops = (): IRequestOp[] => dice.list(0, most, () => this.#op(world, depth, mayGoOn));
    return { compare: dice.list(0, 2, () => this.#compare(world)), success: ops(), failure: ops() };
  }

  watch(world: World): IWatchCreateRequest {
    const dice = this.#dice;
    const request: IWatchCreateRequest = dice.chance(0.2) ? everything() : this.#span();
    const { head, compacted } = world;
    const past = dice.integer(Math.max(1, compacted - 2), head);
    const edges = [0, head, head + 1, head + 5, compacted - 1, compacted, compacted + 1];
    const start = dice.chance(0.5) ? past : dice.pick(edges);
    if (start > 0) request.start_revision = start;
    if (dice.chance(0.4)) request.watch_id = dice.integer(0, 14);
    if (dice.chance(0.5)) request.prev_kv = true;
    if (dice.chance(0.4)) request.fragment = true;
    if (dice.chance(0.3)) request.progress_notify = true;
    if (dice.chance(0.3)) request.filters = dice.list(1, 2, () => dice.pick(['Noput', 'Nodelete'] as const));
    return request;
  }

  lease(): string {
    const dice = this.#dice;
    return dice.chance(0.05) ? '0' : dice.chance(0.4) ? '77' : dice.pick(leases);
  }

  /** Any revision, those at the edges more often. */
  revision({ head, compacted }: World): number {
    const dice = this.#dice;
    const edges = [
      -5,
      -1,
      0,
      1,
      compacted - 1,
      compacted,
      compacted + 1,
      head - 1,
      head,
      head + 1,
      head + 50,
    ];
    return dice.chance(0.25) ? dice.pick(edges) : dice.integer(Math.max(1, compacted - 3), head);
  }

  #key(): Buffer {
    return this.#dice.chance(0.005) ? Buffer.alloc(0) : this.#dice.pick(keys);
  }

  #value(): Buffer {
    const dice = this.#dice;
    if (dice.chance(0.0015)) return Buffer.alloc(dice.pick([1_000_000, 1_600_000, 2_200_000]), 'x');
    return Buffer.from(dice.list(0, 4, () => dice.integer(0, 255)));
  }

  /** One key in `single` of the cases, otherwise a range. */
  #span(single = 0.35): { key: Buffer; range_end?: Buffer } {
    const dice = this.#dice;
    const key = this.#key();
    return dice.chance(single) ? { key } : { key, range_end: dice.pick(ends) };
  }

  #op(world: World, depth: number, mayGoOn: boolean): IRequestOp {
    const make = this.#dice.weighted<() => IRequestOp>([
      [5, () => ({ request_put: this.put(!mayGoOn) })],
      [3, () => ({ request_range: this.range(world) })],
      [2, () => ({ request_delete_range: this.delete(mayGoOn) })],
      [depth < 3 ? 2 : 0, () => ({ request_txn: this.txn(world, depth + 1, mayGoOn) })],
      [0.05, () => ({})],
    ]);
    return make();
  }

  #compare(world: World): ICompare {
    const dice = this.#dice;
    const span = dice.chance(0.7) ? { key: this.#key() } : this.#span();
    const result = dice.pick(['Equal', 'Greater', 'Less', 'NotEqual'] as const);
    const known = [
      { target: 'Version', version: dice.integer(0, 4) },
      { target: 'Create', create_revision: this.revision(world) },
      { target: 'Mod', mod_revision: this.revision(world) },
      { target: 'Value', value: this.#value() },
      { target: 'Lease', lease: this.lease() },
      { target: 'Mod', version: 3 },
      { target: 'Value' },
    ] as const;
    return { ...span, result, ...dice.pick(known) };
  }
}
