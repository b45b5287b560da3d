/** Deals random operations, so that they meet each other often. */
import type { IAlarmRequest, IRequestOp, ITxnRequest } from 'etcd3';
import type { Dice } from './dice.js';
import { type Operation, streamCount } from './operations.js';
import { everything, keys, leases, Requests, type World } from './requests.js';

type Deal = readonly [weight: number, make: () => Operation];

/** Deals operations. */
export class Dealer {
  readonly #dice: Dice;
  readonly #requests: Requests;
  /** What has to come next, to look at what the last operation did. */
  readonly #next: Operation[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#requests = new Requests(dice);
  }

  deal(world: World): Operation {
    const next = this.#next.shift();
    if (next) return next;
    const stream = this.#dice.integer(0, streamCount - 1);
    const make = this.#dice.weighted([
      ...this.#dataDeals(world, stream),
      ...this.#leaseDeals(),
      ...this.#stateDeals(),
      ...this.#streamDeals(world, stream),
    ]);
    return make();
  }

  #dataDeals(world: World, stream: number): readonly Deal[] {
    const dice = this.#dice;
    const requests = this.#requests;
    return [
      [24, () => ({ kind: 'put', request: requests.put(true) })],
      [20, () => ({ kind: 'range', request: requests.range(world, true) })],
      [9, () => ({ kind: 'delete', request: requests.delete(true) })],
      [20, () => ({ kind: 'txn', request: requests.txn(world) })],
      [0.2, () => this.#bulks(world, stream)],
      [0.2, () => ({ kind: 'burst', count: dice.integer(900, 2100), request: { key: dice.pick(keys) } })],
      [0.7, () => ({ kind: 'compact', revision: this.#compaction(world) })],
      [0.3, () => this.#compactAtDeletion(world, stream)],
    ];
  }

  #leaseDeals(): readonly Deal[] {
    const dice = this.#dice;
    const requests = this.#requests;
    const ttls = ['600', '3600', '9000000001', '9000000000'];
    return [
      [4, () => ({ kind: 'grant', id: dice.pick(leases), ttl: dice.pick(ttls) })],
      [0.5, () => ({ kind: 'grantBriefly', id: dice.pick(leases), ttl: dice.pick(['-1', '0', '1', '2']) })],
      [3, () => ({ kind: 'revoke', id: requests.lease() })],
      [2, () => ({ kind: 'keepAlive', id: requests.lease() })],
      [2, () => ({ kind: 'timeToLive', id: requests.lease(), keys: dice.chance(0.7) })],
    ];
  }

  #stateDeals(): readonly Deal[] {
    const getOrLower = ['Get', 'Deactivate', 'Deactivate'] as const;
    return [
      [0.1, () => ({ kind: 'alarm', request: this.#alarm('Activate') })],
      [3, () => ({ kind: 'alarm', request: this.#alarm(this.#dice.pick(getOrLower)) })],
      [1, () => ({ kind: 'leases' })],
      [0.3, () => ({ kind: 'compactedRevision' })],
    ];
  }

  #streamDeals(world: World, stream: number): readonly Deal[] {
    const dice = this.#dice;
    const few = world.watchers < 40;
    const watch = (): Operation => {
      const quiet = dice.chance(0.5);
      return { kind: 'watch', stream, quiet, request: this.#requests.watch(world) };
    };
    return [
      [few ? 5 : 1, watch],
      [few ? 2 : 5, () => ({ kind: 'unwatch', stream, id: String(dice.integer(0, 14)) })],
      [0.3, () => ({ kind: 'reopen', stream })],
      [0.05, () => this.#restart()],
    ];
  }

  #compaction(world: World): number {
    const { head, compacted } = world;
    const dice = this.#dice;
    if (dice.chance(0.3)) return this.#requests.revision(world);
    return dice.integer(Math.max(0, compacted), Math.max(compacted + 10, head - 1100));
  }

  /** What compaction leaves of a revision that deleted something is seen by who watches from there. */
  #compactAtDeletion({ deletion }: World, stream: number): Operation {
    const request = { ...everything(), start_revision: deletion };
    this.#next.push({ kind: 'watch', stream, quiet: true, request });
    return { kind: 'compact', revision: deletion };
  }

  /** Two transactions so long that a watcher that catches up with both of them needs more than one fragment. */
  #bulks({ head }: World, stream: number): Operation {
    const request = {
      ...everything(),
      start_revision: head,
      fragment: true,
      prev_kv: this.#dice.chance(0.5),
    };
    this.#next.push({ kind: 'txn', request: this.#bulk() }, { kind: 'watch', stream, quiet: true, request });
    return { kind: 'txn', request: this.#bulk() };
  }

  #bulk(): ITxnRequest {
    const dice = this.#dice;
    const bytesMax = dice.pick([10, 22_000, 22_000, 23_000]);
    let index = 0;
    const put = (): IRequestOp => ({
      request_put: {
        key: Buffer.from(`bulk/${index++}`),
        value: Buffer.alloc(dice.integer(0, bytesMax), 'y'),
      },
    });
    return { success: dice.list(90, 128, put) };
  }

  /**
   * A kill comes right after a write that is on disk. Until then etcd 3.4 forgets, when killed, that it refused requests, and
   * applies them on restart, for example a put whose lease was granted only later.
   */
  #restart(): Operation {
    const lower = (memberID: string): Operation => {
      const request = { action: 'Deactivate', memberID, alarm: 'Nospace' } as const;
      return { kind: 'alarm', request };
    };
    this.#next.push(
      lower('1'),
      { kind: 'put', request: { key: Buffer.from('restart') } },
      { kind: 'restart' },
    );
    return lower('0');
  }

  #alarm(action: NonNullable<IAlarmRequest['action']>): IAlarmRequest {
    return { action, memberID: this.#dice.pick(['0', '1']), alarm: 'Nospace' };
  }
}
