/** The one keepalive stream of a link: renews any number of leases, answers matched by lease id. */
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3';
import { Failure, type LeaseAnswer } from '../../machines/index.js';
import { failureFrom } from './failure.js';
import type { DuplexStream, Transport } from './transport.js';

interface Waiting {
  readonly sentAt: number;
  readonly resolve: (answer: LeaseAnswer) => void;
  readonly reject: (failure: Failure) => void;
  readonly timer: NodeJS.Timeout;
}

type Stream = DuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

export class KeepAliveStream {
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #report: (failure: Failure) => void;
  readonly #waiting = new Map<string, Waiting[]>();
  #stream: Promise<Stream> | undefined;
  #closed = false;

  constructor(transport: Transport, timeoutMs: number, report: (failure: Failure) => void) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#report = report;
  }

  /** Renews one lease. Answers TTL 0 for a lease that etcd does not know; rejects when no answer comes in time. */
  async renew(leaseId: string): Promise<LeaseAnswer> {
    if (this.#closed) throw new Failure('unreachable', 'the link is closed');
    this.#stream ??= this.#open();
    const stream = await this.#stream;
    return new Promise<LeaseAnswer>((resolve, reject) => {
      const timer = setTimeout(() => {
        const failure = new Failure('timeout', `no answer to a keepalive within ${this.#timeoutMs} ms`);
        this.#fail(failure);
      }, this.#timeoutMs);
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
    const stream = await this.#transport.lease.leaseKeepAlive();
    const disown = this.#transport.own(stream);
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
    this.#report(failure);
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
