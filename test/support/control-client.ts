/**
 * A direct, separate connection to etcd by which tests look at its content and change it behind the product's
 * back. It shares no socket and no code with the product, so it neither hides nor suffers the faults under test.
 */
import * as grpc from '@grpc/grpc-js';
import { type ICallable, type IKeyValue, KVClient, LeaseClient, type Services } from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';

/** One key of etcd as it is now. Revisions and lease ids are decimal strings; lease `0` means none. */
export interface ControlEntry {
  readonly key: string;
  readonly value: string;
  readonly lease: string;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly version: string;
}

/** Keys and values are UTF-8 text, or bytes where a test needs what is no text. Every call has 20 s. */
export interface ControlClient extends Disposable {
  /** The head revision. */
  revision(): Promise<string>;
  get(key: string): Promise<ControlEntry | undefined>;
  /** Everything whose key begins with `prefix`, in the order of keys; all of etcd for the empty prefix. */
  list(prefix: string): Promise<readonly ControlEntry[]>;
  /** Resolves with the revision of the write. */
  put(key: string | Buffer, value: string | Buffer, options?: { readonly lease?: string }): Promise<string>;
  /** Resolves with how many keys there were. */
  delete(key: string): Promise<number>;
  deletePrefix(prefix: string): Promise<number>;
  /** Resolves with the lease id. */
  grantLease(ttlSeconds: number): Promise<string>;
  revokeLease(id: string): Promise<void>;
  /** The ids of all leases, sorted. */
  leases(): Promise<readonly string[]>;
  /** The keys a lease holds and the whole seconds it has left; undefined when etcd does not know it. */
  lease(id: string): Promise<{ readonly ttlSeconds: number; readonly keys: readonly string[] } | undefined>;
  /** Resolves when the history below `revision` is gone from the store, too. */
  compact(revision: string): Promise<void>;
  close(): void;
}

/** A user of etcd; only where authentication is on. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Opens nothing by itself: the connection is made by the first call, and again after a break. */
export function connectControl(endpoint: string, login?: Login): ControlClient {
  const direct = new DirectCallable(endpoint, login);
  const kv = new KVClient(direct);
  const lease = new LeaseClient(direct);
  const close = (): void => direct.close();
  return {
    async revision() {
      return (await kv.range({ key: Buffer.from([0]), count_only: true })).header.revision;
    },
    async get(key) {
      const found = (await kv.range({ key: Buffer.from(key) })).kvs[0];
      return found === undefined ? undefined : entryOf(found);
    },
    async list(prefix) {
      return (await kv.range(rangeOf(prefix))).kvs.map(entryOf);
    },
    async put(key, value, options) {
      const entry = { key: Buffer.from(key), value: Buffer.from(value), lease: options?.lease ?? '0' };
      return (await kv.put(entry)).header.revision;
    },
    async delete(key) {
      return Number((await kv.deleteRange({ key: Buffer.from(key) })).deleted);
    },
    async deletePrefix(prefix) {
      return Number((await kv.deleteRange(rangeOf(prefix))).deleted);
    },
    async grantLease(ttlSeconds) {
      return (await lease.leaseGrant({ TTL: ttlSeconds })).ID;
    },
    async revokeLease(id) {
      await lease.leaseRevoke({ ID: id });
    },
    async leases() {
      return (await lease.leaseLeases()).leases.map((status) => status.ID).sort();
    },
    async lease(id) {
      const answer = await lease.leaseTimeToLive({ ID: id, keys: true });
      if (answer.TTL === '-1') return undefined;
      return { ttlSeconds: Number(answer.TTL), keys: answer.keys.map(String) };
    },
    async compact(revision) {
      await kv.compact({ revision, physical: true });
    },
    close,
    [Symbol.dispose]: close,
  };
}

const callMsMax = 20_000;

/** A local subchannel pool, or grpc-js would share one socket with the product's connection to the same address. */
const channelOptions: grpc.ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
};

type Unary = (
  request: unknown,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  callback: (error: grpc.ServiceError | null, response?: unknown) => void,
) => grpc.ClientUnaryCall;

/**
 * The least under etcd3's typed stubs: one host, no pool, errors as grpc-js gives them; and no retries, but for a new
 * login when a token has expired.
 */
export class DirectCallable implements ICallable<Host> {
  readonly callOptionsFactory = undefined;
  readonly #host: Host;
  readonly #login: Login | undefined;
  #token = '';

  constructor(endpoint: string, login?: Login) {
    this.#host = new Host(endpoint, grpc.credentials.createInsecure(), channelOptions);
    this.#login = login;
  }

  async exec<T>(service: keyof typeof Services, method: string, request: unknown): Promise<T> {
    try {
      return await this.#call(service, method, request);
    } catch (error) {
      if (this.#login === undefined || !/auth token|user name is empty/.test(String(error))) throw error;
      this.#token = '';
      this.#token = (await this.#call<{ token: string }>('Auth', 'authenticate', this.#login)).token;
      return this.#call(service, method, request);
    }
  }

  #call<T>(service: keyof typeof Services, method: string, request: unknown): Promise<T> {
    const client = this.#host.getServiceClient(service);
    const call = Reflect.get(client, method) as Unary;
    const metadata = new grpc.Metadata();
    if (this.#token !== '') metadata.set('token', this.#token);
    return new Promise<T>((resolve, reject) => {
      const options = { deadline: Date.now() + callMsMax };
      call.call(client, request, metadata, options, (error, response) => {
        if (error) reject(error);
        else resolve(response as T);
      });
    });
  }

  withConnection<R>(
    service: keyof typeof Services,
    use: (parts: { resource: Host; client: grpc.Client; metadata: grpc.Metadata }) => Promise<R> | R,
  ): Promise<R> {
    const client = this.#host.getServiceClient(service);
    return Promise.resolve(use({ resource: this.#host, client, metadata: new grpc.Metadata() }));
  }

  markFailed(): void {}

  close(): void {
    this.#host.close();
  }
}

function entryOf(kv: IKeyValue): ControlEntry {
  return {
    key: kv.key.toString(),
    value: kv.value.toString(),
    lease: kv.lease,
    createRevision: kv.create_revision,
    modRevision: kv.mod_revision,
    version: kv.version,
  };
}

/** The range of all keys that begin with this text; etcd takes a NUL byte at both ends as "everything". */
function rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
  const all = Buffer.from([0]);
  if (prefix === '') return { key: all, range_end: all };
  // UTF-8 never contains 0xff, so the last byte can always be raised.
  const end = Buffer.from(prefix);
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
  return { key: Buffer.from(prefix), range_end: end };
}
