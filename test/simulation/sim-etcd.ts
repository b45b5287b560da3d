/**
 * The simulated etcd: the in-memory core behind the simulated network, with everything that can happen to the process
 * that runs it. Answers are the core's; how long they take and whether they come is decided here.
 */
import type { IWatchRequest } from 'etcd3';
import { EtcdCore } from '../../src/testing/etcd-core/core.js';
import { inBatches } from './catch-up.js';
import type { Dice } from './chance.js';
import type { Connection, Host } from './network.js';
import { Rights } from './rights.js';
import type { Timer, VirtualClock } from './virtual-clock.js';
import type { Witness } from './witness.js';

/** An error as gRPC reports it. */
export interface GrpcError {
  readonly code: number;
  readonly details: string;
}

export type Method = 'range' | 'txn' | 'leaseGrant' | 'leaseRevoke' | 'leaseTimeToLive';

/** One call as it reaches the server. */
export interface Call {
  readonly connection: Connection;
  readonly author: string;
  readonly method: Method;
  readonly request: never;
  readonly reply: (error: GrpcError | undefined, response?: unknown) => void;
}

/** Whose stream it is, and what it is for. */
export interface StreamOrigin {
  readonly connection: Connection;
  readonly kind: 'watch' | 'keepAlive';
  readonly author: string;
}

/** What a stream tells its client. */
export interface StreamReply {
  data(response: unknown): void;
  error(error: GrpcError): void;
}

/** The server's end of a stream. */
export interface ServerStream {
  receive(request: unknown): void;
  close(): void;
}

const noLeader: GrpcError = { code: 14, details: 'etcdserver: no leader' };
const leaderFailed: GrpcError = {
  code: 14,
  details: 'etcdserver: request timed out, possibly due to previous leader failure',
};

/** How often idle watchers are told the revision; ten minutes in a real etcd. */
const progressIntervalMs = 9_000;

export class SimEtcd implements Host {
  readonly core = new EtcdCore({ progressIntervalMs });
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #witness: Witness;
  readonly rights: Rights;
  readonly #connections = new Set<Connection>();
  readonly #streams = new Set<StreamReply>();
  #state: 'up' | 'paused' | 'down' = 'up';
  #isLed = true;
  #slowMs = 0;
  #lateMs = 0;
  #waiting: (() => void)[] = [];
  #proposed: (() => void)[] = [];
  #timer: Timer | undefined;
  #feeding: Timer | undefined;
  callCount = 0;

  constructor(clock: VirtualClock, dice: Dice, witness: Witness) {
    this.#clock = clock;
    this.#dice = dice;
    this.#witness = witness;
    this.rights = new Rights(this.core.gate.access, () => clock.nowMs);
    witness.watch(this.core, true);
    this.#arrange();
  }

  get isListening(): boolean {
    return this.#state !== 'down';
  }

  /** Works on the core as somebody, at once, as long as the server runs; for the operator, strangers and calls. */
  serve(author: string | undefined, work: (core: EtcdCore) => void): void {
    if (this.#state === 'down') return;
    if (this.#state === 'paused') {
      this.#waiting.push(() => this.serve(author, work));
      return;
    }
    this.#witness.author = undefined;
    this.core.advance(this.#clock.nowMs);
    this.#witness.author = author;
    try {
      work(this.core);
    } finally {
      this.#witness.author = undefined;
      this.#arrange();
    }
  }

  /** Takes a call that has arrived. */
  take(call: Call): void {
    this.callCount += 1;
    this.#connections.add(call.connection);
    const isWrite = call.method === 'txn' || call.method === 'leaseGrant' || call.method === 'leaseRevoke';
    let delayMs = this.#slowMs * this.#dice.next();
    if (isWrite && this.#lateMs > 0 && this.#dice.chance(0.5)) delayMs += this.#lateMs * this.#dice.next();
    if (!this.#isLed) this.#refuse(call, isWrite);
    else if (delayMs > 0) this.#clock.setTimeout(() => this.#answer(call), delayMs);
    else this.#answer(call);
  }

  /** Opens a stream that has arrived. */
  openStream({ connection, kind, author }: StreamOrigin, reply: StreamReply): ServerStream {
    this.#connections.add(connection);
    if (!this.#isLed) {
      reply.error(noLeader);
      return { receive: () => {}, close: () => {} };
    }
    this.#streams.add(reply);
    const stream = kind === 'watch' ? this.#watch(author, reply) : this.#keepAlive(reply);
    const close = (): void => {
      this.#streams.delete(reply);
      connection.serverEnds.delete(close);
      stream.close();
    };
    connection.serverEnds.add(close);
    return { receive: (request) => this.serve(undefined, () => stream.receive(request)), close };
  }

  /** Dies as by kill -9. Data and leases stay and do not age. */
  crash(): void {
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#waiting = [];
    this.#proposed = [];
    this.#streams.clear();
    this.core.crash();
    for (const connection of this.#connections) connection.closeByServer('read ECONNRESET');
    this.#connections.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#feeding);
    this.#feeding = undefined;
  }

  restart(): void {
    if (this.#state !== 'down') return;
    this.core.restart(this.#clock.nowMs);
    this.#isLed = true;
    this.#witness.watch(this.core, false);
    this.#state = 'up';
    this.#arrange();
  }

  /** Comes back with other data: none, or so much that its revision has passed `revision`. */
  replace(passing: number): void {
    this.crash();
    this.core.wipe();
    this.core.restart(this.#clock.nowMs);
    this.#isLed = true;
    this.#witness.watch(this.core, true);
    this.#state = 'up';
    this.#witness.author = 'restorer';
    while (this.core.revision < passing)
      this.core.put({ key: Buffer.from('/elsewhere/x'), value: Buffer.alloc(0) });
    this.#witness.author = undefined;
    this.#arrange();
  }

  /** Stands still as by SIGSTOP; connections stand. */
  pause(): void {
    if (this.#state === 'up') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'up';
    this.serve(undefined, () => {});
    for (const work of this.#waiting.splice(0)) work();
  }

  loseLeader(): void {
    this.#isLed = false;
    this.core.loseLeader();
    for (const reply of this.#streams) {
      this.#clock.setTimeout(() => {
        if (this.#streams.delete(reply)) reply.error(noLeader);
      }, 500 * this.#dice.next());
    }
  }

  regainLeader(): void {
    if (this.#isLed) return;
    this.#isLed = true;
    this.serve(undefined, (core) => core.regainLeader());
    for (const apply of this.#proposed.splice(0)) apply();
  }

  /** Every call takes up to so long. */
  slowDown(ms: number): void {
    this.#slowMs = ms;
  }

  /** Every other write is applied up to so much later. */
  delayWrites(ms: number): void {
    this.#lateMs = ms;
  }

  setNoSpace(isRaised: boolean): void {
    this.core.alarm({ action: isRaised ? 'Activate' : 'Deactivate', memberID: '1', alarm: 'Nospace' });
  }

  #watch(author: string, reply: StreamReply): ServerStream {
    const stream = this.core.openWatchStream(inBatches(reply, this.#clock, this.#dice));
    return {
      receive: (request) => this.rights.as(author, () => stream.receive(request as IWatchRequest)),
      close: () => stream.close(),
    };
  }

  #keepAlive(reply: StreamReply): ServerStream {
    return {
      receive: (request) => {
        if (this.#isLed) reply.data(this.core.leaseKeepAlive(request as { ID: string }));
      },
      close: () => {},
    };
  }

  #answer(call: Call): void {
    this.serve(call.author, () => {
      const answer = this.#apply(call);
      if (call.method === 'txn' && call.connection.link.takesAnswer()) {
        call.connection.closeByServer('read ECONNRESET');
      } else call.reply(answer.error, answer.response);
    });
  }

  #apply(call: Call): { readonly error?: GrpcError; readonly response?: unknown } {
    try {
      return { response: this.rights.as(call.author, () => this.#carryOut(call)) };
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown)) throw thrown;
      return { error: { code: Number(thrown.code), details: thrown.message } };
    }
  }

  #carryOut({ author, method, request }: Call): unknown {
    if (method === 'txn') this.rights.checkInside(author, request);
    if (method !== 'leaseTimeToLive') this.core.gate.admit(method, request, { bytes: 0, token: undefined });
    return this.core[method](request);
  }

  /** Without a leader a call is refused at once, or after a while; a write may nevertheless be applied later. */
  #refuse(call: Call, isWrite: boolean): void {
    if (this.#dice.chance(0.5)) {
      call.reply(noLeader);
      return;
    }
    if (isWrite && this.#dice.chance(0.5))
      this.#proposed.push(() => this.serve(call.author, () => this.#apply(call)));
    this.#clock.setTimeout(() => call.reply(leaderFailed), 700 + 600 * this.#dice.next());
  }

  /** Sees to it that leases end in time and that watchers of the past are fed. */
  #arrange(): void {
    const dueMs = this.core.nextDueMs();
    if (dueMs !== this.#timer?.at || this.#timer?.run === null) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = dueMs === undefined ? undefined : this.#clock.at(dueMs, () => this.#tick());
    }
    if (this.core.anyWatcherBehind && this.#feeding === undefined) {
      this.#feeding = this.#clock.setTimeout(() => this.#feed(), 30 * this.#dice.next());
    }
  }

  #tick(): void {
    if (this.#state === 'up') this.serve(undefined, () => {});
  }

  #feed(): void {
    this.#feeding = undefined;
    if (this.#state === 'up') this.serve(undefined, (core) => core.syncWatchers());
    else if (this.#state === 'paused') this.#waiting.push(() => this.#feed());
  }
}
