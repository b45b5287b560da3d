/** The least that each task costs from Node: bare calls over one channel, with nothing decided and nothing remembered. */
import {
  type IEvent,
  type IWatchRequest,
  type IWatchResponse,
  KVClient,
  LeaseClient,
  WatchClient,
} from 'etcd3';
import { ServiceUrl } from 'leasehold';
import { DirectCallable } from '../test/support/control-client.js';

interface WatchCall {
  write(request: IWatchRequest): void;
  cancel(): void;
  on(event: 'data', handler: (response: IWatchResponse) => void): void;
  on(event: 'error', handler: () => void): void;
}

const keysPerTxn = 128;
const inFlight = 4;
const pageSize = 1_000;

export class Floor {
  readonly #callable: DirectCallable;
  readonly #kv: KVClient;
  readonly #lease: LeaseClient;
  readonly #watch: WatchClient;

  constructor(endpoint: string) {
    this.#callable = new DirectCallable(endpoint);
    this.#kv = new KVClient(this.#callable);
    this.#lease = new LeaseClient(this.#callable);
    this.#watch = new WatchClient(this.#callable);
  }

  /** Puts the keys under a new lease, 128 a transaction and four at a time. Resolves with the lease. */
  async register(keys: readonly string[]): Promise<string> {
    const { ID: lease } = await this.#lease.leaseGrant({ TTL: 60 });
    const value = Buffer.from(lease);
    let next = 0;
    const pump = async (): Promise<void> => {
      while (next < keys.length) {
        const some = keys.slice(next, next + keysPerTxn);
        next += keysPerTxn;
        await this.#kv.txn({
          success: some.map((key) => ({ request_put: { key: Buffer.from(key), value, lease } })),
        });
      }
    };
    await Promise.all(Array.from({ length: inFlight }, pump));
    return lease;
  }

  async revoke(lease: string): Promise<void> {
    await this.#lease.leaseRevoke({ ID: lease });
  }

  /** Reads a prefix in pages and parses every key of it as a URL. Resolves with how many there were. */
  async snapshot(prefix: string): Promise<number> {
    const end = Buffer.from(prefix);
    end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
    let from = Buffer.from(prefix);
    let revision: string | undefined;
    let count = 0;
    for (;;) {
      const pinned = revision === undefined ? {} : { revision };
      const page = await this.#kv.range({ key: from, range_end: end, limit: pageSize, ...pinned });
      revision ??= page.header.revision;
      for (const { key } of page.kvs) {
        if (ServiceUrl.parse(decodeURIComponent(key.toString().slice(prefix.length))).host !== '') count += 1;
      }
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return count;
      from = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  /** Tells of every event under a prefix from now on; resolves, when etcd has opened the watch, with what ends it. */
  async watch(prefix: string, told: (events: readonly IEvent[]) => void): Promise<() => void> {
    const call = (await this.#watch.watch()) as unknown as WatchCall;
    const key = Buffer.from(prefix);
    const end = Buffer.from(prefix);
    end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
    call.on('error', () => {});
    await new Promise<void>((resolve) => {
      call.on('data', (response) => {
        if (response.created) resolve();
        else told(response.events);
      });
      call.write({ create_request: { key, range_end: end } });
    });
    return () => call.cancel();
  }

  /** One transaction with one put. */
  async write(key: string, lease: string): Promise<void> {
    await this.#kv.txn({
      success: [{ request_put: { key: Buffer.from(key), value: Buffer.from(lease), lease } }],
    });
  }

  async read(key: string): Promise<void> {
    await this.#kv.range({ key: Buffer.from(key) });
  }

  close(): void {
    this.#callable.close();
  }
}
