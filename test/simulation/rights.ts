/** What each process may not touch in the simulated etcd at the moment, and what it might not touch before. */
import type { Access } from '../../src/testing/etcd-core/access.js';

/** Where fences and the sentinel are. */
export const metaRoot = '/leasehold/';

interface Denial {
  /** As whom the process logs in, in all its lives. */
  readonly user: string;
  readonly prefix: string;
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
  deny(name: string, prefix: string): () => void {
    const denial: Denial = { user: userOf(name), prefix, untilMs: Number.POSITIVE_INFINITY };
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
    const user = userOf(name);
    const its = this.#denials.filter((denial) => denial.user === user && denial.untilMs > this.#nowMs());
    this.#access.close(its.map(({ prefix }) => prefix));
    try {
      return work();
    } finally {
      this.#access.close([]);
    }
  }
}

function userOf(name: string): string {
  return name.split('#')[0] ?? name;
}
