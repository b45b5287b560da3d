/** What one watch stream was told, watcher by watcher, kept until it is compared. */
import type { IWatchRequest, IWatchResponse } from 'etcd3';
import type { Tap } from '../../test/support/etcd-client.js';

/** A response as compared: the ids of the server do not matter. */
export type Told = Omit<IWatchResponse, 'header'> & { readonly header: { readonly revision: string } };

export class WatchLog {
  readonly #tap: Tap<IWatchRequest, IWatchResponse>;
  readonly #told = new Map<string, Told[]>();
  #eventCount = 0;
  readonly #controls: Told[] = [];
  #wake: (() => void)[] = [];

  constructor(tap: Tap<IWatchRequest, IWatchResponse>) {
    this.#tap = tap;
    void this.#listen();
  }

  /**
   * Sends a request (create, cancel, progress) and answers what it was told for it. etcd does not answer the cancelling of
   * an unknown watcher, but it answers requests in order, so a request for progress behind shows when no answer will come.
   */
  async ask(request: IWatchRequest): Promise<{ readonly answers: readonly Told[] }> {
    this.#tap.send(request);
    this.#tap.send({ progress_request: {} });
    const isLast = ({ watch_id, created }: Told): boolean => watch_id === '-1' && !created;
    while (!this.#controls.some(isLast)) await this.change();
    return { answers: this.#controls.splice(0, this.#controls.findIndex(isLast) + 1) };
  }

  /** What watchers were told since it was last taken, by watcher id; not taken away. */
  get untaken(): ReadonlyMap<string, readonly Told[]> {
    return this.#told;
  }

  /** How many events are in {@link untaken}. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Takes away what has been compared. */
  take(): void {
    this.#told.clear();
    this.#eventCount = 0;
  }

  /** Resolves when something more was told. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  close(): void {
    this.#tap.cancel();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const { header, ...rest } = await this.#tap.next();
      const told = { ...rest, header: { revision: header.revision } };
      const isControl =
        told.created || told.watch_id === '-1' || (told.canceled && told.compact_revision === '0');
      if (isControl) this.#controls.push(told);
      else this.#keep(told);
      for (const wake of this.#wake.splice(0)) wake();
    }
  }

  #keep(told: Told): void {
    const sofar = this.#told.get(told.watch_id);
    if (sofar) sofar.push(told);
    else this.#told.set(told.watch_id, [told]);
    this.#eventCount += told.events.length;
  }
}
