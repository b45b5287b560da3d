/** The link in use: a transport, the two streams shared over it, and word of its trouble to whoever follows it. */
import type { CallOptions } from '@grpc/grpc-js';
import { type AskSignal, Failure, type FailureFact } from '../../machines/index.js';
import { failureFrom } from './failure.js';
import { Gate } from './gate.js';
import { KeepAliveStream } from './keepalive-stream.js';
import { Login, RenewalLimit } from './login.js';
import type { EtcdSettings } from './settings.js';
import type { StreamUse } from './stream-use.js';
import type { Transport } from './transport.js';
import { type WatchedKeys, WatchStreams } from './watch-streams.js';

/** `broken`: the link does not work any more. `doubted`: an answer is overdue. */
export type Trouble = (verdict: 'broken' | 'doubted', failure: FailureFact) => void;

/** More reads at once bring nothing on one connection. */
const readLimit = 32;

export class EtcdLink {
  readonly transport: Transport;
  readonly keepAlives: KeepAliveStream;
  readonly watches: WatchStreams;
  readonly login: Login;
  readonly settings: EtcdSettings;
  /** For the reads that every watched prefix makes at once after a reconnect. */
  readonly reads: Gate = new Gate(readLimit);
  #trouble: Trouble | undefined;
  #early: { readonly verdict: 'broken' | 'doubted'; readonly failure: FailureFact } | undefined;

  constructor(transport: Transport, settings: EtcdSettings, renewals: RenewalLimit) {
    this.settings = settings;
    this.transport = transport;
    this.login = new Login(transport, settings, renewals);
    const use: StreamUse = {
      transport,
      timeoutMs: settings.requestTimeoutMs,
      login: this.login,
      report: (failure) => this.#report(failure),
    };
    this.keepAlives = new KeepAliveStream(use);
    this.watches = new WatchStreams(use, (keys) => this.#mayRead(keys));
  }

  /**
   * Makes one unary call with the usual deadline, and once more if etcd refused its token; its failure also counts as
   * word about the link.
   */
  async call<Response>(
    signal: AskSignal | undefined,
    make: (transport: Transport, options: CallOptions) => Promise<Response>,
    timeoutMs: number = this.settings.requestTimeoutMs,
  ): Promise<Response> {
    const options = callOptions(timeoutMs, signal);
    try {
      return await this.login.renewing(() => make(this.transport, options));
    } catch (thrown) {
      const failure = failureFrom(thrown);
      this.#report(failure);
      throw failure;
    }
  }

  /** Hears of trouble from now on, and at once of trouble that came earlier. Returns what ends it. */
  follow(trouble: Trouble): () => void {
    this.#trouble = trouble;
    // Streams would tell as well, but a registry that neither watches nor holds a lease has none.
    this.transport.onDisconnected(() =>
      this.#report(new Failure('unreachable', 'the connection to etcd was lost')),
    );
    if (this.#early !== undefined) trouble(this.#early.verdict, this.#early.failure);
    return () => {
      this.#trouble = undefined;
    };
  }

  close(): void {
    this.#trouble = undefined;
    this.keepAlives.close();
    this.watches.close();
    this.transport.close();
  }

  /** Whether etcd permits what a watch on these keys needs, asked with a token that it accepts. */
  async #mayRead({ key, range_end }: WatchedKeys): Promise<boolean> {
    const keys = range_end === undefined ? { key } : { key, range_end };
    try {
      await this.call(undefined, (to, options) =>
        to.kv.range({ ...keys, limit: 1, keys_only: true }, options),
      );
      return true;
    } catch (thrown) {
      if (failureFrom(thrown).kind === 'denied') return false;
      throw thrown;
    }
  }

  #report(failure: Failure): void {
    const verdict = verdictOn(failure);
    if (verdict === undefined) return;
    const fact = { kind: failure.kind, message: failure.message };
    if (this.#trouble === undefined) this.#early ??= { verdict, failure: fact };
    else this.#trouble(verdict, fact);
  }
}

/** Holds the one link that is in use, from a successful probe until the connection machine leaves `connected`. */
export class LinkInUse {
  /** Of all the links that follow one another. */
  readonly renewals: RenewalLimit = new RenewalLimit();
  #link: EtcdLink | undefined;

  /** The link, for an adapter that has a question. */
  current(): EtcdLink {
    if (this.#link === undefined) throw new Failure('unreachable', 'there is no link to etcd');
    return this.#link;
  }

  use(link: EtcdLink): void {
    this.#link?.close();
    this.#link = link;
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }
}

/** Options of a call: its deadline, and the signal that cancels it. */
function callOptions(timeoutMs: number, signal: AskSignal | undefined): CallOptions {
  const options: CallOptions & { signal?: AskSignal } = { deadline: Date.now() + timeoutMs };
  if (signal !== undefined) options.signal = signal;
  return options;
}

function verdictOn(failure: Failure): 'broken' | 'doubted' | undefined {
  switch (failure.kind) {
    case 'unreachable':
    case 'unauthenticated':
      return 'broken';
    case 'timeout':
    case 'unavailable':
      return 'doubted';
    default:
      return undefined;
  }
}
