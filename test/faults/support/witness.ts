/** Watches all of etcd from revision 1, around the proxy, and writes down its history. Shares no code with the product. */
import { setTimeout as pause } from 'node:timers/promises';
import { type IEvent, type IWatchRequest, type IWatchResponse, WatchClient } from 'etcd3';
import { type ControlClient, DirectCallable } from '../../support/control-client.js';
import { eventually } from '../../support/eventually.js';
import { History, type HistoryEvent } from './history.js';

interface WatchCall {
  write(request: IWatchRequest): void;
  cancel(): void;
  on(event: 'data', handler: (response: IWatchResponse) => void): void;
  on(event: 'error' | 'end', handler: () => void): void;
}

const reopenMs = 30;
const everything = Buffer.from([0]);

export class Witness {
  readonly history: History = new History();
  #endpoint: string;
  #callable: DirectCallable;
  #call: WatchCall | undefined;
  #closed = false;
  #marks = 0;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    this.#callable = new DirectCallable(endpoint);
    this.#open();
  }

  /** The store behind the endpoint is about to be replaced, or is replaced by another. Call it while nobody writes. */
  startEpoch(endpoint: string = this.#endpoint): void {
    this.history.startEpoch();
    this.#endpoint = endpoint;
    this.#callable.close();
    this.#callable = new DirectCallable(endpoint);
    this.#call?.cancel();
  }

  /** Resolves when everything that was written up to now is in the history. */
  async caughtUp(control: ControlClient): Promise<void> {
    this.#marks += 1;
    const revision = Number(await control.put('/witness', String(this.#marks)));
    await eventually(() => {
      const { head } = this.history.current;
      if (head < revision) throw new Error(`the witness is at revision ${head}, etcd at ${revision}`);
    });
  }

  close(): void {
    this.#closed = true;
    this.#call?.cancel();
    this.#callable.close();
  }

  #open(): void {
    const epoch = this.history.current;
    const client = new WatchClient(this.#callable);
    void client.watch().then((stream) => {
      const call = stream as unknown as WatchCall;
      this.#call = call;
      let over = false;
      const reopen = (): void => {
        if (over) return;
        over = true;
        void pause(reopenMs).then(() => {
          if (!this.#closed) this.#open();
        });
      };
      call.on('error', reopen);
      call.on('end', reopen);
      call.on('data', (response) => {
        if (response.compact_revision !== '0')
          throw new Error('the witness came too late: history was compacted');
        const events = response.events.map(eventOf).filter(({ revision }) => revision > epoch.head);
        if (this.history.current === epoch) this.history.append(events);
      });
      call.write({
        create_request: {
          key: everything,
          range_end: everything,
          start_revision: String(Math.max(epoch.head, 1)),
        },
      });
    });
  }
}

function eventOf(event: IEvent): HistoryEvent {
  const isDelete = event.type === 'Delete' || (event.type as string) === 'DELETE';
  return {
    type: isDelete ? 'delete' : 'put',
    key: event.kv.key.toString(),
    lease: event.kv.lease,
    revision: Number(event.kv.mod_revision),
  };
}
