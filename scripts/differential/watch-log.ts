/** What one watch stream was told, watcher by watcher, kept until it is compared. */
import type { IWatchRequest, IWatchResponse } from 'etcd3';
import type { Tap } from '../../test/support/etcd-client.js';

/** A response as compared: the ids of the server do not matter. */
export type Told = Omit<IWatchResponse, 'header'> & { readonly header: { readonly revision: string } };

/** The id of the watcher that only shows how far etcd has fed a stream; what it is told is nobody else's business. */
const pilotId = '999';

export class WatchLog {
  readonly #tap: Tap<IWatchRequest, IWatchResponse>;
  readonly #told = new Map<string, Told[]>();
  #eventCount = 0;
  readonly #controls: Told[] = [];
  readonly #pilot: Told[] = [];
  #wake: (() => void)[] = [];

  constructor(tap: Tap<IWatchRequest, IWatchResponse>) {
    this.#tap = tap;
    void this.#listen();
  }

  /**
   * Sends a request (create, cancel, progress) and answers what it was told for it. etcd does not answer the cancelling of
   * an unknown watcher, but it answers requests in order, so a request for progress behind shows when no answer will come.
   */
  async ask(request?: IWatchRequest): Promise<{ readonly answers: readonly Told[] }> {
    if (request) this.#tap.send(request);
    this.#tap.send({ progress_request: {} });
    const isLast = ({ watch_id, created }: Told): boolean => watch_id === '-1' && !created;
    while (!this.#controls.some(isLast)) await this.change();
    return { answers: this.#controls.splice(0, this.#controls.findIndex(isLast) + 1) };
  }

  /**
   * Resolves when every watcher of the past, from the revision `start` on, has been told what it will be told, or that it is
   * compacted. Some are told nothing, which is no event to wait for; so one more watcher is created that is told everything
   * from there on, last of all the store's newest revision. etcd feeds all watchers of the past together, in rounds.
   */
  async fed(start: number, compacted: number): Promise<void> {
    this.#pilot.splice(0);
    const span = { key: Buffer.from('\0'), range_end: Buffer.from('\0') };
    const { answers } = await this.ask();
    const head = Number(answers[0]?.header.revision);
    // Revision 1 is empty, and of a compacted one nothing may be left; the watcher then starts where it is sure to be refused.
    const from = head > Math.max(compacted, 1) ? Math.max(start, compacted) : compacted - 1;
    if (from < 1) return;
    this.#tap.send({ create_request: { ...span, watch_id: pilotId, start_revision: from } });
    const isLast = ({ events, compact_revision }: Told): boolean =>
      compact_revision !== '0' || Number(events.at(-1)?.kv.mod_revision) >= head;
    while (!this.#pilot.some(isLast)) await this.change();
    this.#tap.send({ cancel_request: { watch_id: pilotId } });
    while (!this.#pilot.some(({ canceled, compact_revision }) => canceled && compact_revision === '0'))
      await this.change();
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
      if (told.watch_id === pilotId) this.#pilot.push(told);
      else if (isControl) this.#controls.push(told);
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
