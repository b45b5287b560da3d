/**
 * etcd's key-value store, leases and watches as one deterministic state, for tests and demos: no clock, no I/O, no dice.
 * Requests go in and answers come out; time passes only through {@link EtcdCore.advance}, and watchers that are behind move
 * only through {@link EtcdCore.syncWatchers}. Semantics are those of etcd 3.4.
 */
import type {
  IAlarmRequest,
  ICompactionRequest,
  IDeleteRangeRequest,
  ILeaseGrantRequest,
  ILeaseKeepAliveRequest,
  ILeaseRevokeRequest,
  ILeaseTimeToLiveRequest,
  IPutRequest,
  IRangeRequest,
  ITxnRequest,
} from 'etcd3';
import type { AccessOptions } from './access.js';
import { type Alarm, Alarms } from './alarms.js';
import { Gate } from './gate.js';
import { type Lease, Leases, leaseId } from './leases.js';
import type {
  DeleteRangeResponse,
  HeaderOnly,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
} from './messages.js';
import { answerRange } from './ranges.js';
import { type KeyState, Revisions, type WriteTxn } from './revisions.js';
import { applyDelete, applyPut, applyTxn, checkKept, checkLease } from './txn.js';
import { checkKey, checkPut, checkSize, checkTxn, isReadOnly } from './txn-check.js';
import { type Send, Watches, type WatchStream } from './watches.js';

export interface EtcdCoreOptions extends AccessOptions {
  /** How often watchers that want it and hear nothing else are told the revision. @defaultValue ten minutes */
  readonly progressIntervalMs?: number;
}

/** Wiping the data of a single server does not change its ids; nor does it here. */
const ids = { cluster_id: '14841639068965178418', member_id: '10276657743932975437', raft_term: '2' };

const everything = { from: '', until: null };

export class EtcdCore {
  /** Who is let in, which fronts ask before they pass a request on. */
  readonly gate: Gate;
  readonly #leases = new Leases();
  readonly #revisions = new Revisions((state, previous) =>
    this.#leases.move(state.key, previous?.lease ?? '0', state.lease),
  );
  readonly #watches: Watches;
  readonly #alarms = new Alarms();
  #nowMs = 0;
  #led = true;

  constructor(options: EtcdCoreOptions = {}) {
    this.gate = new Gate(this.#leases, options, () => this.#nowMs);
    this.#watches = new Watches({
      revisions: this.#revisions,
      header: (revision) => this.header(revision),
      progressIntervalMs: options.progressIntervalMs ?? 600_000,
      denial: (span, token) => this.gate.denialOf(span, token),
    });
  }

  /** The store's revision. */
  get revision(): number {
    return this.#revisions.head;
  }

  /** The revision of the last compaction, -1 before the first. */
  get compactedRevision(): number {
    return this.#revisions.compacted;
  }

  get watcherCount(): number {
    return this.#watches.count;
  }

  /** True while {@link syncWatchers} has something to do. */
  get anyWatcherBehind(): boolean {
    return this.#watches.anyBehind;
  }

  /** The header of an answer given now. */
  header(revision: number = this.#revisions.head): ResponseHeader {
    return { ...ids, revision: String(revision) };
  }

  range(request: IRangeRequest): RangeResponse {
    checkKey(request.key);
    const header = (revision: number): ResponseHeader => this.header(revision);
    return answerRange({ revisions: this.#revisions, now: this.#revisions.head, header }, request);
  }

  /** `bytes` is how long the request is on the wire, here and in the other writes. */
  put(request: IPutRequest, bytes = 0): PutResponse {
    checkPut(request);
    checkSize(bytes);
    this.#alarms.checkSpace();
    // etcd looks at these two in the other order inside a transaction.
    checkLease(this.#store, request);
    checkKept(this.#store, request);
    return this.#write((txn) => applyPut(this.#store, txn, request));
  }

  deleteRange(request: IDeleteRangeRequest, bytes = 0): DeleteRangeResponse {
    checkKey(request.key);
    checkSize(bytes);
    return this.#write((txn) => applyDelete(txn, request));
  }

  txn(request: ITxnRequest, bytes = 0): TxnResponse {
    checkTxn(request);
    if (!isReadOnly(request)) checkSize(bytes);
    this.#alarms.checkTxnSpace(request);
    const { response, changes } = applyTxn(this.#store, request);
    this.#tell(changes);
    return { ...response, header: this.header() };
  }

  compact(request: ICompactionRequest): HeaderOnly {
    this.#revisions.compact(Number(request.revision ?? 0));
    return { header: this.header() };
  }

  leaseGrant(request: ILeaseGrantRequest): LeaseGrantResponse {
    this.#alarms.checkSpace();
    const { id, ttlSeconds } = this.#leases.grant(leaseId(request.ID), Number(request.TTL ?? 0), this.#nowMs);
    return { header: this.header(), ID: id, TTL: String(ttlSeconds), error: '' };
  }

  /** Ends a lease and deletes its keys, all in one revision; without keys no revision is used. */
  leaseRevoke(request: ILeaseRevokeRequest): HeaderOnly {
    this.#endLease(leaseId(request.ID));
    return { header: this.header() };
  }

  /** Renews; a lease that is unknown or has expired is answered TTL 0, not an error. */
  leaseKeepAlive(request: ILeaseKeepAliveRequest): LeaseKeepAliveResponse {
    const id = leaseId(request.ID);
    const lease = this.#leases.renew(id, this.#nowMs);
    return { header: this.header(), ID: id, TTL: String(lease?.ttlSeconds ?? 0) };
  }

  leaseTimeToLive(request: ILeaseTimeToLiveRequest): LeaseTimeToLiveResponse {
    const told = this.#leases.timeToLive(leaseId(request.ID), this.#nowMs, request.keys ?? false);
    return { header: this.header(), ...told };
  }

  leaseLeases(): LeaseLeasesResponse {
    return { header: this.header(), leases: this.#leases.all().map(({ id }) => ({ ID: id })) };
  }

  /** etcd gives this answer no header. */
  alarm(request: IAlarmRequest): { readonly header: null; readonly alarms: readonly Alarm[] } {
    return { header: null, alarms: this.#alarms.answer(request) };
  }

  /**
   * Opens a watch stream; `send` is called with each response, in order, from inside whatever causes it. It must neither
   * throw nor call the core.
   */
  openWatchStream(send: Send): WatchStream {
    return this.#watches.open(send, this.#nowMs);
  }

  /** Gives each watcher that is behind one batch. Call it again while {@link anyWatcherBehind}. */
  syncWatchers(): void {
    this.#watches.syncBehind();
  }

  /** Moves time on to `nowMs` of the caller's monotonic clock: ends overdue leases, each in its own revision. */
  advance(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#watches.tellProgress(this.#nowMs);
    if (!this.#led) return;
    for (let lease = this.#leases.overdue(this.#nowMs); lease; lease = this.#leases.overdue(this.#nowMs))
      this.#endLease(lease.id);
  }

  /** Lets `ms` milliseconds pass. */
  tick(ms: number): void {
    this.advance(this.#nowMs + ms);
  }

  /** When {@link advance} next has something to do, undefined when nothing is pending. */
  nextDueMs(): number | undefined {
    const expiryMs = this.#led ? this.#leases.nextExpiryMs() : undefined;
    const due = [expiryMs, this.#watches.nextProgressMs()].filter((at) => at !== undefined);
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  /** The process dies: streams are gone, data and leases stay. Do not advance time until {@link restart}. */
  crash(): void {
    this.gate.access.restart();
    this.#watches.closeAll();
  }

  /** The process is back at `nowMs` and leads: every lease has its full time from then on. */
  restart(nowMs: number = this.#nowMs): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.regainLeader();
  }

  /** Nobody ends leases any more. Refusing what needs a leader is the front's part. */
  loseLeader(): void {
    this.#led = false;
  }

  /** A new leader gives every lease its full time. */
  regainLeader(): void {
    this.#led = true;
    this.#leases.refreshAll(this.#nowMs);
  }

  /** The data is gone: revision 1, no key, no lease, no history; the ids stay. Streams are gone too. */
  wipe(): void {
    this.#watches.closeAll();
    this.#leases.clear();
    this.#alarms.clear();
    this.gate.access.setUsers(undefined);
    this.#revisions.clear();
  }

  /** Every key that exists now, in order. */
  states(): KeyState[] {
    return this.#revisions.read(everything);
  }

  /** Every lease that lives now, the one that expires first in front. */
  leases(): Lease[] {
    return this.#leases.all();
  }

  get #store(): { revisions: Revisions; leases: Leases } {
    return { revisions: this.#revisions, leases: this.#leases };
  }

  #write<Response extends HeaderOnly>(body: (txn: WriteTxn) => Response): Response {
    const { result, changes } = this.#revisions.write(body);
    this.#tell(changes);
    return { ...result, header: this.header() };
  }

  #endLease(id: string): void {
    const keys = this.#leases.end(id);
    const { changes } = this.#revisions.write((txn) => {
      for (const key of keys) txn.delete({ from: key, until: `${key}\0` });
    });
    this.#tell(changes);
  }

  #tell(changes: readonly KeyState[]): void {
    if (changes.length > 0) this.#watches.tell(changes);
  }
}
