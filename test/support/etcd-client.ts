/**
 * etcd3's typed stubs on one endpoint without its pool: errors arrive as gRPC sent them, streams are read message by message.
 */
import { type ChannelOptions, type Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  AuthClient,
  type CallOptionsFactory,
  ClusterClient,
  type ICallable,
  type IDuplexStream,
  type ILeaseKeepAliveRequest,
  type ILeaseKeepAliveResponse,
  type IWatchRequest,
  type IWatchResponse,
  KVClient,
  LeaseClient,
  MaintenanceClient,
  type Services,
  WatchClient,
} from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';

type ServiceName = keyof typeof Services;
type Unary = (
  request: unknown,
  metadata: Metadata,
  options: object,
  done: (error: ServiceError | null, response?: unknown) => void,
) => void;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 100,
};

export class EtcdClient implements ICallable<Host>, AsyncDisposable {
  readonly callOptionsFactory: CallOptionsFactory | undefined = undefined;
  readonly kv: KVClient = new KVClient(this);
  readonly lease: LeaseClient = new LeaseClient(this);
  readonly maintenance: MaintenanceClient = new MaintenanceClient(this);
  readonly cluster: ClusterClient = new ClusterClient(this);
  readonly auth: AuthClient = new AuthClient(this);
  readonly #watch = new WatchClient(this);
  readonly #host: Host;
  readonly #metadata = new Metadata();
  readonly #taps = new Set<{ cancel(): void }>();

  /** `metadata` goes with every call. */
  constructor(endpoint: string, metadata: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
    this.#host = new Host(endpoint, credentials.createInsecure(), channelOptions);
  }

  exec<T>(service: ServiceName, method: string, request: unknown, options: object = {}): Promise<T> {
    const client = this.#host.getServiceClient(service) as unknown as Record<string, Unary | undefined>;
    const call = client[method] ?? client[method[0]?.toUpperCase() + method.slice(1)];
    return new Promise<T>((resolve, reject) => {
      call?.call(client, request, this.#metadata, options, (error, response) => {
        if (error) reject(error);
        else resolve(response as T);
      });
    });
  }

  async withConnection<R>(
    service: ServiceName,
    use: (connection: { resource: Host; client: Client; metadata: Metadata }) => Promise<R> | R,
  ): Promise<R> {
    const client = this.#host.getServiceClient(service);
    return use({ resource: this.#host, client, metadata: this.#metadata });
  }

  markFailed(): void {}

  /** Opens a watch stream. */
  async watch(): Promise<Tap<IWatchRequest, IWatchResponse>> {
    return this.#tap(await this.#watch.watch());
  }

  /** Opens a keepalive stream. */
  async keepAlive(): Promise<Tap<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>> {
    return this.#tap(await this.lease.leaseKeepAlive());
  }

  close(): void {
    for (const tap of this.#taps) tap.cancel();
    this.#host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #tap<Request, Response>(stream: IDuplexStream<Request, Response>): Tap<Request, Response> {
    const tap = new Tap(stream);
    this.#taps.add(tap);
    return tap;
  }
}

/** A stream whose messages wait until somebody asks for the next. */
export class Tap<Request, Response> {
  /** Resolves with the error that ended the stream, or undefined when it ended well. */
  readonly over: Promise<ServiceError | undefined>;
  readonly #stream: IDuplexStream<Request, Response>;
  readonly #arrived: Response[] = [];
  readonly #waiting: ((message: Response) => void)[] = [];

  constructor(stream: IDuplexStream<Request, Response>) {
    this.#stream = stream;
    this.over = new Promise((resolve) => {
      stream.on('error', (error) => resolve(error as ServiceError));
      stream.on('end', () => resolve(undefined));
    });
    stream.on('data', (message) => {
      const waiter = this.#waiting.shift();
      if (waiter) waiter(message);
      else this.#arrived.push(message);
    });
  }

  send(request: Request): void {
    this.#stream.write(request);
  }

  next(): Promise<Response> {
    const message = this.#arrived.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** What has arrived and was not asked for. */
  get unread(): readonly Response[] {
    return this.#arrived;
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

/** Text as the bytes etcd's messages want. */
export function bytes(text: string): Buffer {
  return Buffer.from(text);
}
