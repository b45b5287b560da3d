/** What one process says to etcd and hears from it: counted, and judged by what the wire alone can tell. */
import { Dials } from './dials.js';
import { isRead, isSingle, renewsLeaseInUse, type Verdict } from './guarantees.js';
import type { Link } from './network.js';
import type { Method } from './sim-etcd.js';
import type { VirtualClock } from './virtual-clock.js';

/** Changes what goes over the wire; for sabotage. */
export interface Tampering {
  /** May change what is sent. */
  tamper?(kind: 'txn' | 'create', request: object): object;
  /** May add what etcd never said. */
  told?(prefix: string, headerRevision: string): void;
}

/** Is told what is said on the wire. */
export type WireTap = Pick<Wire, 'asked' | 'settled' | 'opened' | 'renewed'>;

export class Wire {
  /** The leases it has asked for; the last one is in use. */
  readonly leases: string[] = [];
  /** How often each method was called; a transaction that only reads counts as `read`. */
  readonly counts: Record<string, number> = {};
  readonly dials = new Dials();
  txnsInFlight = 0;
  renewalSentAtMs = 0;
  readonly #clock: VirtualClock;
  readonly #link: Link;
  readonly #judge: (guarantee: string, verdict: Verdict) => void;
  #grantSentAtMs = 0;

  constructor(clock: VirtualClock, link: Link, judge: (guarantee: string, verdict: Verdict) => void) {
    this.#clock = clock;
    this.#link = link;
    this.#judge = judge;
  }

  get leaseInUse(): string | undefined {
    return this.leases.at(-1);
  }

  /** The lease is alive: it was renewed at the latest when it was asked for. */
  granted(): void {
    this.renewalSentAtMs = Math.max(this.renewalSentAtMs, this.#grantSentAtMs);
  }

  asked(method: Method | 'dial' | 'keepAlive', request: object): void {
    const kind = method === 'txn' && isRead(request) ? 'read' : method;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (method === 'txn') this.txnsInFlight += 1;
    const { ID: id } = request as { readonly ID?: string };
    if (method === 'leaseGrant' && id !== undefined) {
      this.#grantSentAtMs = this.#clock.nowMs;
      if (this.leaseInUse !== id) this.leases.push(id);
    }
    if (method === 'keepAlive' && id !== undefined) {
      this.#judge('ALWAYS-6', renewsLeaseInUse(id, this.leaseInUse));
    }
    if (method === 'dial') {
      this.dials.began(this.#clock.nowMs);
      const open = [...this.#link.connections].filter((connection) => connection.isOwned).length;
      this.#judge('BOUNDED-4', isSingle('connection', open + 1));
    }
  }

  settled(method: Method): void {
    if (method === 'txn') this.txnsInFlight -= 1;
  }

  /** A stream was opened; `open` are those of its kind on this connection, itself included. */
  opened(kind: 'watch' | 'keepAlive', open: number): void {
    this.#judge('BOUNDED-4', isSingle(`${kind} stream`, open));
  }

  renewed(leaseId: string, sentAtMs: number, ttl: number): void {
    if (leaseId === this.leaseInUse && ttl > 0)
      this.renewalSentAtMs = Math.max(this.renewalSentAtMs, sentAtMs);
  }
}
