/**
 * Where requests meet the core: brings the core's clock up to date before each, keeps it running between them, and feeds
 * watchers that are behind. The only place of the in-memory etcd with a clock.
 */
import type { EtcdCore } from '../etcd-core/core.js';
import { Leadership } from './leadership.js';

export class Desk {
  readonly core: EtcdCore;
  readonly leadership: Leadership = new Leadership();
  readonly #now: () => number;
  #backlog: (() => void)[] = [];
  #state: 'running' | 'frozen' | 'down' = 'running';
  #timer: NodeJS.Timeout | undefined;
  #feeding: NodeJS.Immediate | undefined;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(core: EtcdCore, now: () => number = () => performance.now()) {
    this.core = core;
    this.#now = now;
    core.advance(now());
  }

  /** Runs a piece of work on the core now, or on thaw when frozen; never, when the server dies before. */
  serve(work: (core: EtcdCore) => void): void {
    if (this.#state === 'down') return;
    if (this.#state === 'frozen') {
      this.#backlog.push(() => this.serve(work));
      return;
    }
    this.core.advance(this.#now());
    work(this.core);
    this.#arrange();
  }

  loseLeader(): void {
    this.leadership.lose();
    this.core.loseLeader();
  }

  regainLeader(): void {
    this.serve((core) => core.regainLeader());
    this.leadership.regain();
  }

  freeze(): void {
    if (this.#state !== 'running') return;
    this.#state = 'frozen';
    this.#rest();
  }

  /** Goes on: first time catches up, so leases may end, then what came in meanwhile is served. */
  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    this.serve(() => undefined);
    for (const work of this.#backlog.splice(0)) work();
  }

  /** Stops time and forgets all streams; the data stays. */
  down(): void {
    this.#state = 'down';
    this.#backlog = [];
    this.leadership.forget();
    this.#rest();
    this.core.crash();
  }

  /** Comes back with the data, leading; leases have their full time from now on. */
  up(): void {
    this.core.restart(this.#now());
    this.leadership.regain();
    this.#state = 'running';
    this.#arrange();
  }

  #arrange(): void {
    clearTimeout(this.#timer);
    const dueMs = this.core.nextDueMs();
    if (dueMs !== undefined) {
      const waitMs = Math.min(Math.max(0, Math.ceil(dueMs - this.#now())), 60_000);
      this.#timer = setTimeout(() => this.serve(() => undefined), waitMs);
    }
    if (this.core.anyWatcherBehind) this.#feeding ??= setImmediate(() => this.#feed());
  }

  #feed(): void {
    this.#feeding = undefined;
    this.serve((core) => core.syncWatchers());
  }

  #rest(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#feeding);
    this.#feeding = undefined;
  }
}
