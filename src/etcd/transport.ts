/**
 * One gRPC channel to one endpoint, under etcd3's typed stubs. Makes calls and opens streams; never retries, never
 * resets, never chooses. Closing it ends every call and stream that is still open.
 */
import {
  type CallOptions,
  Channel,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientUnaryCall,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  AuthClient,
  type CallOptionsFactory,
  type ICallable,
  type IDuplexStream,
  KVClient,
  LeaseClient,
  type Services,
  WatchClient,
} from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';
import { type AskSignal, Failure } from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { EtcdSettings } from './settings.js';

/** A duplex stream as the gRPC library really gives it. */
export type DuplexStream<Request, Response> = IDuplexStream<Request, Response>;

type UnaryMethod = (
  request: unknown,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, response?: unknown) => void,
) => ClientUnaryCall;

type SignalledOptions = CallOptions & { readonly signal?: AskSignal };

/**
 * etcd answers GOAWAY to pings more frequent than every 5 s; the receive limit of 4 MiB is too small for a mass
 * expiry; reconnecting is the connection machine's business, so the channel must not wait long on its own.
 */
const channelOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
};

export class Transport implements ICallable<Host> {
  readonly callOptionsFactory: CallOptionsFactory | undefined = undefined;
  readonly kv: KVClient = new KVClient(this);
  readonly lease: LeaseClient = new LeaseClient(this);
  readonly watch: WatchClient = new WatchClient(this);
  readonly auth: AuthClient = new AuthClient(this);
  readonly #channel: Channel;
  readonly #host: Host;
  readonly #open = new Set<() => void>();
  #token: string | undefined;
  #closed = false;

  constructor(endpoint: string, settings: EtcdSettings) {
    const creds = endpoint.startsWith('https://') ? certificatesIn(settings) : credentials.createInsecure();
    // All of etcd3's stubs share this channel, and with it one TCP connection that nobody else uses.
    this.#channel = new Channel(endpoint.replace(/^https?:\/\//, ''), creds, channelOptions);
    this.#host = new Host(endpoint, creds, { ...channelOptions, channelOverride: this.#channel });
  }

  /** Calls back once when the connection that is established now is lost. */
  onDisconnected(lost: () => void): void {
    this.#channel.watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, () => {
      if (!this.#closed) lost();
    });
  }

  /** Every later call carries this token. */
  useToken(token: string): void {
    this.#token = token;
  }

  /** Makes one unary call; rejects with a {@link Failure}. Called by etcd3's stubs. */
  exec<Response>(
    service: keyof typeof Services,
    method: string,
    request: unknown,
    options: SignalledOptions = {},
  ): Promise<Response> {
    const { signal, ...callOptions } = options;
    return new Promise<Response>((resolve, reject) => {
      if (this.#closed || signal?.aborted === true) {
        reject(new Failure('closed', 'the request was given up before it was sent'));
        return;
      }
      const client = this.#host.getServiceClient(service) as unknown as Record<
        string,
        UnaryMethod | undefined
      >;
      const call = client[method];
      if (call === undefined) throw new TypeError(`etcd3 has no method '${method}' in service '${service}'`);
      const giveUp = (failure: Failure): void => {
        settle();
        reject(failure);
        sent.cancel();
      };
      const cancel = (): void =>
        giveUp(new Failure('unreachable', 'the link was closed while the request was under way'));
      const abort = (): void =>
        giveUp(new Failure('closed', 'the request was given up while it was under way'));
      const settle = (): void => {
        this.#open.delete(cancel);
        signal?.removeEventListener('abort', abort);
      };
      const sent = call.call(
        client,
        request,
        this.#metadata(method === 'authenticate'),
        callOptions,
        (error, response) => {
          settle();
          if (error === null) resolve(response as Response);
          else reject(failureFrom(error));
        },
      );
      this.#open.add(cancel);
      signal?.addEventListener('abort', abort);
    });
  }

  /** Opens a stream; called by etcd3's stubs. */
  async withConnection<Result>(
    service: keyof typeof Services,
    use: (connection: { resource: Host; client: Client; metadata: Metadata }) => Promise<Result> | Result,
  ): Promise<Result> {
    if (this.#closed) throw new Failure('closed', 'the link is closed');
    const metadata = this.#metadata(false);
    // Without it a member that lost its leader keeps a stream open in silence (etcd API: hasleader metadata).
    metadata.set('hasleader', 'true');
    return use({ resource: this.#host, client: this.#host.getServiceClient(service), metadata });
  }

  /** etcd3 would reset every channel of the host here, healthy streams included; the machines decide instead. */
  markFailed(): void {}

  /** Cancels the stream when the transport closes; returns what ends that obligation. */
  own(stream: { cancel(): void }): () => void {
    const cancel = (): void => stream.cancel();
    if (this.#closed) cancel();
    this.#open.add(cancel);
    return () => this.#open.delete(cancel);
  }

  /** Ends every call and stream, and the connection. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cancel of this.#open) cancel();
    this.#open.clear();
    this.#host.close();
  }

  #metadata(isLogin: boolean): Metadata {
    const metadata = new Metadata();
    // etcd 3.4 refuses a login that carries a stale token.
    if (this.#token !== undefined && !isLogin) metadata.set('token', this.#token);
    return metadata;
  }
}

/** What is no certificate now may be one at the next attempt: somebody may be about to replace it. */
function certificatesIn({ tls }: EtcdSettings): ChannelCredentials {
  try {
    const { ca = null, key = null, cert = null } = (typeof tls === 'function' ? tls() : tls) ?? {};
    return credentials.createSsl(ca, key, cert);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failure('unauthenticated', `the certificates cannot be used: ${reason}`, { cause: thrown });
  }
}
