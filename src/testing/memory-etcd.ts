/**
 * An etcd in this process's memory, for demos and tests: the core of etcd-core behind a real gRPC port, so that any client,
 * etcdctl included, can talk to it; and handles to do to it what happens to a real one. Never run it in production.
 *
 * What it does not imitate:
 * - a cluster: there is one member, no raft and no election; the leader is lost and regained by hand, and streams that ask
 *   for one end at once, not after some seconds;
 * - the disk: data lives as long as the object; no quota, defragmentation, snapshots or hashes;
 * - a kill at the wrong moment: etcd 3.4 may apply on restart what it refused shortly before; here a refusal is final;
 * - TLS, users, roles and tokens, and the HTTP gateway;
 * - load: answers come at once, no watcher is slow, and pings that come too fast are not punished with GOAWAY;
 * - delays: leases end when their time is up, not up to half a second later; watchers of the past are fed at once;
 * - the order that etcd's sort gives equal elements of a long list (here: the order of keys);
 * - an empty but present range_end inside a read-only transaction (here: absent; in a plain range: everything from the key on).
 */
import { bytesOf } from './etcd-core/bytes.js';
import { EtcdCore } from './etcd-core/core.js';
import type { KeyState } from './etcd-core/revisions.js';
import { Desk } from './etcd-server/desk.js';
import { Listener } from './etcd-server/listener.js';

export interface MemoryEtcdOptions {
  /** @defaultValue a free one */
  readonly port?: number;
  readonly host?: '127.0.0.1';
  /** How often idle watchers with `progress_notify` are told the revision. @defaultValue ten minutes, as etcd */
  readonly progressIntervalMs?: number;
}

/** A key as a test wants to see it: text as UTF-8. */
export interface MemoryEtcdKey {
  readonly key: string;
  readonly value: string;
  /** The lease's id, '0' without one. */
  readonly lease: string;
  readonly createRevision: string;
  readonly modRevision: string;
}

export interface MemoryEtcdLease {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly keys: readonly string[];
}

export interface MemoryEtcd extends AsyncDisposable {
  /** `127.0.0.1:PORT`, the same for life. */
  readonly endpoint: string;
  /** Revision of the store, a decimal. */
  readonly revision: string;
  /** Watchers alive on all streams. */
  readonly watcherCount: number;
  /** Closes for good and leaves no handle behind. */
  stop(): Promise<void>;
  /** Dies as by kill -9: connections are reset, the port is closed. Data and leases stay and do not age. */
  crash(): Promise<void>;
  /** Comes back on the same port with the same data; every lease has its full time again. Crashes first if it is running. */
  restart(): Promise<void>;
  /** Loses all data as if the directory were emptied: revision 1, no keys, no leases. If running, connections are reset. */
  wipe(): void;
  /** Stands still as by SIGSTOP: connections stand, nothing is read or answered. */
  freeze(): void;
  /** Goes on: overdue leases end, then what was received meanwhile is served. */
  thaw(): void;
  /** The cluster has no leader: requests that need one wait, those that ask for one by metadata are refused, leases do not end. */
  loseLeader(): void;
  /** A leader is elected: who waited is served, every lease has its full time again. */
  regainLeader(): void;
  /** Raises or clears the NOSPACE alarm: puts and grants are refused, all else goes on. */
  setNoSpace(raised: boolean): void;
  /** Compacts, by default at the current revision. */
  compact(revision?: string): void;
  /** Ends all watch and keepalive streams with `14 UNAVAILABLE`; connections stand. */
  dropStreams(): void;
  /** Resets all connections; clients may come back at once. */
  dropConnections(): void;
  /** Ends a lease now, as when its time is up. */
  expireLease(id: string): void;
  /** Ends a lease now, as an operator does. */
  revokeLease(id: string): void;
  /** The keys under a prefix (all, if none is given), in order. */
  keys(prefix?: string): MemoryEtcdKey[];
  leases(): MemoryEtcdLease[];
}

/** Starts an in-memory etcd and resolves when its port is open. */
export async function startMemoryEtcd(options: MemoryEtcdOptions = {}): Promise<MemoryEtcd> {
  const etcd = new MemoryEtcdServer(options);
  await etcd.open();
  return etcd;
}

class MemoryEtcdServer implements MemoryEtcd {
  readonly #host: string;
  readonly #core: EtcdCore;
  readonly #desk: Desk;
  #port: number;
  #listener: Listener | undefined;
  #stopped = false;

  constructor({ host = '127.0.0.1', port = 0, progressIntervalMs }: MemoryEtcdOptions) {
    this.#host = host;
    this.#port = port;
    this.#core = new EtcdCore(progressIntervalMs === undefined ? {} : { progressIntervalMs });
    this.#desk = new Desk(this.#core);
  }

  get endpoint(): string {
    return `${this.#host}:${this.#port}`;
  }

  get revision(): string {
    return String(this.#core.revision);
  }

  get watcherCount(): number {
    return this.#core.watcherCount;
  }

  async open(): Promise<void> {
    const listener = new Listener(this.#desk);
    this.#port = await listener.listen(this.#host, this.#port);
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.crash();
  }

  async crash(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#desk.down();
    await listener?.close();
  }

  async restart(): Promise<void> {
    if (this.#stopped) throw new Error('cannot restart the in-memory etcd: it was stopped for good');
    await this.crash();
    this.#desk.up();
    await this.open();
  }

  wipe(): void {
    this.#core.wipe();
    this.#listener?.dropConnections();
  }

  freeze(): void {
    this.#desk.freeze();
    this.#listener?.freeze();
  }

  thaw(): void {
    this.#desk.thaw();
    this.#listener?.thaw();
  }

  loseLeader(): void {
    this.#desk.loseLeader();
    this.#listener?.dropLeaderless();
  }

  regainLeader(): void {
    this.#desk.regainLeader();
  }

  setNoSpace(raised: boolean): void {
    const { member_id: memberID } = this.#core.header();
    this.#core.alarm({ action: raised ? 'Activate' : 'Deactivate', memberID, alarm: 'Nospace' });
  }

  compact(revision: string = this.revision): void {
    this.#core.compact({ revision });
  }

  dropStreams(): void {
    this.#listener?.dropStreams();
  }

  dropConnections(): void {
    this.#listener?.dropConnections();
  }

  expireLease(id: string): void {
    this.revokeLease(id);
  }

  revokeLease(id: string): void {
    this.#core.leaseRevoke({ ID: id });
  }

  keys(prefix = ''): MemoryEtcdKey[] {
    return this.#core
      .states()
      .map(keyOf)
      .filter(({ key }) => key.startsWith(prefix));
  }

  leases(): MemoryEtcdLease[] {
    return this.#core.leases().map(({ id, ttlSeconds, keys }) => ({
      id,
      ttlSeconds,
      keys: [...keys].sort().map((key) => bytesOf(key).toString('utf8')),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function keyOf(state: KeyState): MemoryEtcdKey {
  return {
    key: bytesOf(state.key).toString('utf8'),
    value: state.value.toString('utf8'),
    lease: state.lease,
    createRevision: String(state.createRevision),
    modRevision: String(state.modRevision),
  };
}
