/**
 * What the adapters of src/etcd talk to in a simulation: the calls and streams of src/etcd/transport.ts, over a
 * simulated connection. The adapters, their deadlines and their classification of errors are the real ones.
 */
import { Failure } from '../../machines/index.js';
import { failureFrom } from '../../src/etcd/failure.js';
import type { Transport } from '../../src/etcd/transport.js';
import type { Connection, Link } from './network.js';
import type { GrpcError, Method, ServerStream, SimEtcd } from './sim-etcd.js';
import type { VirtualClock } from './virtual-clock.js';
import type { Tampering, WireTap } from './wire.js';

interface CallOptions {
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly link: Link;
  readonly etcd: SimEtcd;
  readonly author: string;
  readonly wire: WireTap;
  readonly tampering: Tampering;
}

const dropped: GrpcError = { code: 14, details: 'Connection dropped' };

export class SimTransport {
  readonly kv: object = {
    range: (request: object, options: CallOptions) => this.#ask('range', request, options),
    txn: (request: object, options: CallOptions) => this.#ask('txn', request, options),
  };
  readonly lease: object = {
    leaseGrant: (request: object, options: CallOptions) => this.#ask('leaseGrant', request, options),
    leaseRevoke: (request: object, options: CallOptions) => this.#ask('leaseRevoke', request, options),
    leaseTimeToLive: (request: object, options: CallOptions) =>
      this.#ask('leaseTimeToLive', request, options),
    leaseKeepAlive: () => this.#stream('keepAlive'),
  };
  readonly watch: object = { watch: () => this.#stream('watch') };
  readonly #around: Surroundings;
  readonly #open = new Set<() => void>();
  readonly #dropped = new Set<() => void>();
  readonly #streams = new Set<SimStream>();
  #connection: Connection | undefined;
  #state: 'idle' | 'opening' | 'ready' | 'lost' | 'closed' = 'idle';
  #onDisconnected: (() => void) | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** As the type that the adapters ask for; what is missing here they do not use. */
  static open(around: Surroundings): Transport {
    return new SimTransport(around) as unknown as Transport;
  }

  onDisconnected(lost: () => void): void {
    this.#onDisconnected = lost;
    if (this.#state === 'lost') queueMicrotask(() => this.#tellDisconnected());
  }

  useToken(): void {}

  own(stream: { cancel(): void }): () => void {
    const cancel = (): void => stream.cancel();
    if (this.#state === 'closed') cancel();
    this.#open.add(cancel);
    return () => this.#open.delete(cancel);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const cancel of this.#open) cancel();
    this.#open.clear();
    this.#connection?.closeByClient();
  }

  #tellDisconnected(): void {
    if (this.#state !== 'closed') this.#onDisconnected?.();
  }

  /** The connection, dialled by the first who needs it; undefined when it is lost. */
  #dialled(): Connection | undefined {
    if (this.#state === 'idle') {
      this.#state = 'opening';
      this.#around.wire.asked('dial', {});
      this.#connection = this.#around.link.connect({
        onOpen: () => {
          if (this.#state === 'opening') this.#state = 'ready';
        },
        onLost: () => {
          this.#state = 'lost';
          for (const drop of this.#dropped) drop();
          this.#dropped.clear();
          this.#tellDisconnected();
        },
      });
    }
    return this.#state === 'lost' ? undefined : this.#connection;
  }

  #ask(method: Method, request: object, { deadline, signal }: CallOptions): Promise<unknown> {
    const { clock, etcd, author, wire, tampering } = this.#around;
    return new Promise((resolve, reject) => {
      if (this.#state === 'closed' || signal?.aborted === true) {
        reject(new Failure('closed', 'the request was given up before it was sent'));
        return;
      }
      const settle = (): void => {
        if (isAsked) wire.settled(method);
        this.#open.delete(cancel);
        this.#dropped.delete(drop);
        clock.clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      let isAsked = false;
      const fail = (failure: Failure): void => {
        settle();
        reject(failure);
      };
      const refuse = (error: GrpcError): void => fail(failureFrom(grpcError(error)));
      const cancel = (): void =>
        fail(new Failure('unreachable', 'the link was closed while the request was under way'));
      const abort = (): void =>
        fail(new Failure('closed', 'the request was given up while it was under way'));
      const drop = (): void => refuse(dropped);
      const late = (): void => refuse({ code: 4, details: 'Deadline exceeded' });
      const timer = deadline === undefined ? undefined : clock.setTimeout(late, deadline - clock.now());
      this.#open.add(cancel);
      signal?.addEventListener('abort', abort);
      const connection = this.#dialled();
      if (connection === undefined) {
        clock.setTimeout(drop, 1);
        return;
      }
      this.#dropped.add(drop);
      isAsked = true;
      wire.asked(method, request);
      const sent = (method === 'txn' && tampering.tamper?.('txn', request)) || request;
      const reply = (error: GrpcError | undefined, response?: unknown): void =>
        connection.answer(() => {
          if (error !== undefined) refuse(error);
          else {
            settle();
            resolve(response);
          }
        });
      connection.ask(() => etcd.take({ connection, author, method, request: sent as never, reply }));
    });
  }

  async #stream(kind: 'watch' | 'keepAlive'): Promise<SimStream> {
    if (this.#state === 'closed') throw new Failure('closed', 'the link is closed');
    const connection = this.#dialled();
    const stream = new SimStream(kind, this.#around, connection, (drop) => {
      this.#dropped.add(drop);
      return () => this.#dropped.delete(drop);
    });
    this.#streams.add(stream);
    this.#around.wire.opened(
      kind,
      [...this.#streams].filter((other) => other.kind === kind && !other.isOver).length,
    );
    return stream;
  }
}

type Handler = (given?: unknown) => void;

/** The client's end of a duplex stream, as the adapters use one. */
class SimStream {
  readonly kind: 'watch' | 'keepAlive';
  readonly #around: Surroundings;
  readonly #connection: Connection | undefined;
  readonly #handlers = new Map<string, Handler>();
  readonly #sentAtMs = new Map<string, number[]>();
  readonly #prefixes = new Map<string, string>();
  readonly #undrop: () => void;
  #server: ServerStream | undefined;
  isOver = false;

  constructor(
    kind: 'watch' | 'keepAlive',
    around: Surroundings,
    connection: Connection | undefined,
    onDrop: (drop: () => void) => () => void,
  ) {
    this.kind = kind;
    this.#around = around;
    this.#connection = connection;
    this.#undrop = onDrop(() => this.#fail(dropped));
    if (connection === undefined) around.clock.setTimeout(() => this.#fail(dropped), 1);
    connection?.ask(() => {
      this.#server = around.etcd.openStream(
        { connection, kind, author: around.author },
        {
          data: (response) => connection.answer(() => this.#receive(response)),
          error: (error) => connection.answer(() => this.#fail(error)),
        },
      );
    });
  }

  on(event: string, handler: Handler): void {
    this.#handlers.set(event, handler);
  }

  write(request: {
    readonly ID?: string;
    readonly create_request?: { watch_id: string; key: Buffer };
  }): void {
    const { wire, tampering, clock } = this.#around;
    let sent: object = request;
    if (request.ID !== undefined) {
      wire.asked('keepAlive', request);
      const sentAtMs = this.#sentAtMs.get(request.ID) ?? [];
      sentAtMs.push(clock.nowMs);
      this.#sentAtMs.set(request.ID, sentAtMs);
    } else if (request.create_request !== undefined) {
      const { watch_id: id, key } = request.create_request;
      this.#prefixes.set(id, key.toString('utf8'));
      sent = tampering.tamper?.('create', request) ?? request;
    }
    this.#connection?.ask(() => this.#server?.receive(sent));
  }

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#undrop();
    this.#connection?.ask(() => this.#server?.close());
    queueMicrotask(() =>
      this.#handlers.get('error')?.(grpcError({ code: 1, details: 'Cancelled on client' })),
    );
  }

  #receive(response: unknown): void {
    if (this.isOver) return;
    if (this.kind === 'keepAlive') {
      const { ID: id, TTL: ttl } = response as { ID: string; TTL: string };
      const sentAtMs = this.#sentAtMs.get(id)?.shift();
      if (sentAtMs !== undefined) this.#around.wire.renewed(id, sentAtMs, Number(ttl));
    } else {
      const { watch_id: id, header } = response as { watch_id: string; header: { revision: string } };
      this.#around.tampering.told?.(this.#prefixes.get(id) ?? '', header.revision);
    }
    this.#handlers.get('data')?.(response);
  }

  #fail(error: GrpcError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#undrop();
    this.#handlers.get('error')?.(grpcError(error));
  }
}

function grpcError({ code, details }: GrpcError): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details });
}
