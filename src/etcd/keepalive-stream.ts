/** The one keepalive stream of a link: renews any number of leases, answers matched by lease id. */
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import { Failure, type LeaseAnswer } from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { StreamUse } from './stream-use.js';
import type { DuplexStream } from './transport.js';

interface Waiting {
  readonly sentAt: number;
  readonly resolve: (answer: LeaseAnswer) => void;
  readonly reject: (failure: Failure) => void;
  readonly timer: NodeJS.Timeout;
}

type Stream = DuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

export class KeepAliveStream {
  readonly #use: StreamUse;
  readonly #waiting = new Map<string, Waiting[]>();
  #stream: Promise<Stream> | undefined;
  #closed = false;

  constructor(use: StreamUse) {
    this.#use = use;
  }

  /**
   * Renews one lease. Answers TTL 0 for a lease that etcd does not know; rejects when no answer comes in time. etcd 3.4
   * looks at no token here; 3.5.30 ends the stream for a void one, and the renewal goes again over the next.
   */
  async renew(leaseId: string): Promise<LeaseAnswer> {
    try {
      return await this.#use.login.renewing(() => this.#ask(leaseId));
    } catch (thrown) {
      const failure = failureFrom(thrown);
      if (failure.kind === 'unauthenticated') this.#use.report(failure);
      throw failure;
    }
  }

  async #ask(leaseId: string): Promise<LeaseAnswer> {
    if (this.#closed) throw new Failure('unreachable', 'the link is closed');
    this.#stream ??= this.#open();
    const stream = await this.#stream;
    const { timeoutMs } = this.#use;
    return new Promise<LeaseAnswer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new Failure('timeout', `no answer to a keepalive within ${timeoutMs} ms`));
      }, timeoutMs);
      const queue = this.#waiting.get(leaseId) ?? [];
      queue.push({ sentAt: performance.now(), resolve, reject, timer });
      this.#waiting.set(leaseId, queue);
      stream.write({ ID: leaseId });
    });
  }

  close(): void {
    this.#closed = true;
    this.#end(new Failure('unreachable', 'the link was closed while a keepalive was under way'));
  }

  async #open(): Promise<Stream> {
    const stream = await this.#use.transport.lease.leaseKeepAlive();
    const disown = this.#use.transport.own(stream);
    const isCurrent = (): boolean => this.#current === stream;
    this.#current = stream;
    stream.on('data', (response) => {
      if (isCurrent()) this.#answer(response);
    });
    stream.on('error', (error) => {
      disown();
      if (isCurrent()) this.#fail(failureFrom(error));
    });
    stream.on('end', () => {
      disown();
      if (isCurrent()) this.#fail(new Failure('unreachable', 'etcd ended the keepalive stream'));
    });
    return stream;
  }

  #current: Stream | undefined;

  #answer(response: ILeaseKeepAliveResponse): void {
    const first = this.#waiting.get(response.ID)?.shift();
    if (first === undefined) return;
    clearTimeout(first.timer);
    first.resolve({ ttlSeconds: Number(response.TTL), answerMs: performance.now() - first.sentAt });
  }

  #fail(failure: Failure): void {
    this.#end(failure);
    // Whoever waits for an answer decides whether a void token is the end of the link.
    if (failure.kind !== 'unauthenticated') this.#use.report(failure);
  }

  #end(failure: Failure): void {
    const stream = this.#current;
    this.#current = undefined;
    this.#stream = undefined;
    stream?.cancel();
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(failure);
    }
  }
}
