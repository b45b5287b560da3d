/**
 * An etcd in this process's memory, for demos and tests: the core of etcd-core behind a real gRPC port, so that any client,
 * etcdctl included, can talk to it; and handles to do to it what happens to a real one. Never run it in production.
 *
 * What it does not imitate:
 * - a cluster: there is one member, no raft and no election; the leader is lost and regained by hand, and streams that ask
 *   for one end at once, not after some seconds;
 * - the disk: data lives as long as the object; no quota, defragmentation, snapshots or hashes;
 * - a kill at the wrong moment: etcd 3.4 may apply on restart what it refused shortly before; here a refusal is final;
 * - users made by requests (they are given by `setUsers`), and roles for reading or writing alone; alarms and hashes ask for
 *   no token; a token dies on time, not up to a second later;
 * - TLS and the HTTP gateway;
 * - load: answers come at once, no watcher is slow, and pings that come too fast are not punished with GOAWAY;
 * - delays: leases end when their time is up, not up to half a second later; watchers of the past are fed at once, while
 *   etcd gives them a batch every 100 ms, so that a compaction may overtake one;
 * - the order that etcd's sort gives equal elements of a long list (here: the order of keys);
 * - an empty but present range_end inside a read-only transaction (here: absent; in a plain range: everything from the key on).
 */
import { MemoryEtcdServer } from './etcd-server/server.js';

export interface MemoryEtcdOptions {
  /** @defaultValue a free one */
  readonly port?: number;
  readonly host?: '127.0.0.1';
  /** How often idle watchers with `progress_notify` are told the revision. @defaultValue ten minutes, as etcd */
  readonly progressIntervalMs?: number;
  /** How long a token is good: a simple one after it was used last, a signed one after it was given out. @defaultValue five minutes, as etcd */
  readonly tokenTtlMs?: number;
  /** As etcd's `--auth-token`; a `jwt` is as opaque as the other kind, and only ends like a signed one. @defaultValue 'simple' */
  readonly tokens?: 'simple' | 'jwt';
}

/** Somebody who may log in. */
export interface MemoryEtcdUser {
  readonly password: string;
  /** He may read and write the keys under these. @defaultValue all keys */
  readonly prefixes?: readonly string[];
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
  /**
   * From now on only these users, by name, are let in, as after `etcdctl auth enable`; without an argument everybody is
   * again. Tokens given out before are void.
   */
  setUsers(users?: Readonly<Record<string, MemoryEtcdUser>>): void;
  /** Makes all tokens void, as when their time is up. */
  expireTokens(): void;
  /** Refuses whatever touches keys under one of these prefixes, to everybody; those of an earlier call are open again. */
  deny(...prefixes: string[]): void;
  /** Whatever passes between clients and etcd takes so much longer, in each direction; 0 ends it. */
  delay(ms: number): void;
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
