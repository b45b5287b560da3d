/** What each process may not touch in the simulated etcd at the moment, and what it might not touch before. */
import type { ITxnRequest } from 'etcd3';
import type { Access } from '../../src/testing/etcd-core/access.js';
import { textOf } from '../../src/testing/etcd-core/bytes.js';
import { refusal } from '../../src/testing/etcd-core/refusal.js';

/** Where fences and the sentinel are. */
export const metaRoot = '/leasehold/';

interface Denial {
  /** As whom the process logs in, in all its lives. */
  readonly user: string;
  readonly prefix: string;
  /** Also inside nested transactions, into which only newer releases of etcd look (advisory GHSA-rfx7-8w68-q57q). */
  readonly isThorough: boolean;
  /** Infinity as long as it lasts. */
  untilMs: number;
}

export class Rights {
  readonly #access: Access;
  readonly #nowMs: () => number;
  readonly #denials: Denial[] = [];
  #lasting = 0;

  constructor(access: Access, nowMs: () => number) {
    this.#access = access;
    this.#nowMs = nowMs;
  }

  /** Denies a process what lies under a prefix until the returned function is called. What it watches it goes on seeing. */
  deny(name: string, prefix: string, isThorough: boolean): () => void {
    const denial: Denial = { user: userOf(name), prefix, isThorough, untilMs: Number.POSITIVE_INFINITY };
    this.#denials.push(denial);
    this.#lasting += 1;
    return () => {
      denial.untilMs = this.#nowMs();
      this.#lasting -= 1;
    };
  }

  /** True when the process was denied the key, or something under the prefix, so long ago or less. */
  wasDenied(name: string, keyOrPrefix: string, agoMs = Number.POSITIVE_INFINITY): boolean {
    const user = userOf(name);
    return this.#denials.some(
      (denial) =>
        denial.user === user &&
        denial.untilMs >= this.#nowMs() - agoMs &&
        (keyOrPrefix.startsWith(denial.prefix) || denial.prefix.startsWith(keyOrPrefix)),
    );
  }

  /** Works on the core with the rights of a process. The core knows of no users here, so what one lacks is closed meanwhile. */
  as<Result>(name: string, work: () => Result): Result {
    if (this.#lasting === 0) return work();
    this.#access.close(this.#lackedBy(name).map(({ prefix }) => prefix));
    try {
      return work();
    } finally {
      this.#access.close([]);
    }
  }

  /** Refuses a transaction for what is touched by transactions inside it. */
  checkInside(name: string, { success = [], failure = [] }: ITxnRequest): void {
    if (this.#lasting === 0) return;
    const lacked = this.#lackedBy(name).filter(({ isThorough }) => isThorough);
    for (const { request_txn: inner } of [...success, ...failure]) {
      const isDenied = (key: string): boolean => lacked.some(({ prefix }) => key.startsWith(prefix));
      if (inner && keysIn(inner).some(isDenied)) throw refusal('permissionDenied');
    }
  }

  #lackedBy(name: string): readonly Denial[] {
    const user = userOf(name);
    return this.#denials.filter((denial) => denial.user === user && denial.untilMs > this.#nowMs());
  }
}

/** The keys that a transaction touches, at any depth. */
function keysIn({ compare = [], success = [], failure = [] }: ITxnRequest): readonly string[] {
  const inside = [...success, ...failure].flatMap((op) => {
    if (op.request_txn) return keysIn(op.request_txn);
    return [textOf((op.request_range ?? op.request_put ?? op.request_delete_range)?.key)];
  });
  return [...compare.map(({ key }) => textOf(key)), ...inside];
}

function userOf(name: string): string {
  return name.split('#')[0] ?? name;
}
