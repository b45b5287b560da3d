/** One of the two etcds under comparison: does an operation and answers in a form that can be compared. */
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import { EtcdClient, type Tap } from '../../test/support/etcd-client.js';
import { type Operation, streamCount } from './operations.js';
import { type Told, WatchLog } from './watch-log.js';

/** The server behind a side. */
export interface Server {
  readonly endpoint: string;
  /** Kills it and starts it again with its data. */
  restart(): Promise<void>;
}

/** An answer as compared; a refusal is an answer too. */
export interface Answer {
  readonly code?: number;
  readonly revision?: string;
  readonly deleted?: string;
  readonly answers?: readonly Told[];
  readonly [field: string]: unknown;
}

export class Side {
  readonly name: string;
  readonly #server: Server;
  #client: EtcdClient;
  #keepAlive: Tap<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse> | undefined;
  #logs: WatchLog[] = [];

  constructor(name: string, server: Server) {
    this.name = name;
    this.#server = server;
    this.#client = new EtcdClient(server.endpoint);
  }

  get logs(): readonly WatchLog[] {
    return this.#logs;
  }

  /** Opens the streams. */
  async open(): Promise<void> {
    this.#keepAlive = await this.#client.keepAlive();
    this.#logs = [];
    for (let stream = 0; stream < streamCount; stream++)
      this.#logs.push(new WatchLog(await this.#client.watch()));
  }

  close(): void {
    this.#client.close();
  }

  async perform(operation: Operation): Promise<Answer> {
    try {
      return withoutIds(await this.#do(operation));
    } catch (thrown) {
      const { code, details } = thrown as { code?: number; details?: string };
      if (code === undefined) throw thrown;
      return { code, details: details ?? '' };
    }
  }

  async #do(operation: Operation): Promise<object> {
    const { kv, lease, maintenance } = this.#client;
    const options = { deadline: Date.now() + 10_000 };
    switch (operation.kind) {
      case 'range':
        return kv.range(operation.request, options);
      case 'put':
        return kv.put(operation.request, options);
      case 'burst': {
        const puts = Array.from({ length: operation.count }, () => kv.put(operation.request, options));
        const revisions = (await Promise.all(puts)).map(({ header }) => Number(header.revision));
        return { from: Math.min(...revisions), to: Math.max(...revisions) };
      }
      case 'delete':
        return kv.deleteRange(operation.request, options);
      case 'txn':
        return kv.txn(operation.request, options);
      case 'compact':
        return kv.compact({ revision: operation.revision, physical: true }, options);
      case 'grant':
        return lease.leaseGrant({ ID: operation.id, TTL: operation.ttl }, options);
      case 'grantBriefly': {
        const granted = await lease.leaseGrant({ ID: operation.id, TTL: operation.ttl }, options);
        const revoked = await lease.leaseRevoke({ ID: operation.id }, options);
        return { ...granted, after: revoked.header.revision };
      }
      case 'revoke':
        return lease.leaseRevoke({ ID: operation.id }, options);
      case 'keepAlive':
        this.#keepAlive?.send({ ID: operation.id });
        return (await this.#keepAlive?.next()) ?? {};
      case 'timeToLive': {
        const { TTL, keys, ...rest } = await lease.leaseTimeToLive(
          { ID: operation.id, keys: operation.keys },
          options,
        );
        return { ...rest, alive: Number(TTL) > 0, TTL: Number(TTL) > 0 ? 'some' : TTL, keys: inOrder(keys) };
      }
      case 'alarm': {
        const { alarms } = await maintenance.alarm(operation.request, options);
        const { errors } = await maintenance.status(options);
        return { alarms: inTextOrder(alarms), errors: errors.slice().sort() };
      }
      case 'leases': {
        const { header, leases } = await lease.leaseLeases(options);
        return { header, leases: leases.map(({ ID }) => ID).sort() };
      }
      case 'compactedRevision': {
        const { header, compact_revision } = await maintenance.hashKV({ revision: 0 }, options);
        return { header, compact_revision };
      }
      case 'restart':
        return this.#restart();
      default:
        return this.#doOnStream(operation);
    }
  }

  async #doOnStream(operation: Extract<Operation, { readonly stream: number }>): Promise<object> {
    const log = this.#logs[operation.stream];
    if (!log) throw new Error(`there is no stream ${operation.stream}`);
    switch (operation.kind) {
      case 'watch':
        return log.ask({ create_request: operation.request });
      case 'unwatch':
        return log.ask({ cancel_request: { watch_id: operation.id } });
      case 'reopen':
        log.close();
        this.#logs[operation.stream] = new WatchLog(await this.#client.watch());
        return {};
    }
  }

  async #restart(): Promise<object> {
    this.#client.close();
    await this.#server.restart();
    this.#client = new EtcdClient(this.#server.endpoint);
    await this.open();
    return {};
  }
}

/** Ids of cluster and member differ between servers, and so does the raft term; what is inside a transaction has none. */
function withoutIds(answer: object): Answer {
  const { header, ...rest } = answer as { header?: { revision: string } };
  return header ? { ...rest, revision: header.revision } : rest;
}

/** etcd keeps alarms in a map, in no order. */
function inTextOrder<Item extends { readonly memberID: string }>(items: readonly Item[]): Item[] {
  return items.slice().sort((a, b) => (a.memberID < b.memberID ? -1 : 1));
}

function inOrder(keys: readonly Buffer[]): Buffer[] {
  return keys.slice().sort((a, b) => Buffer.compare(a, b));
}
