/** The streams open now, so that they can be dropped. */
import type { EventEmitter } from 'node:events';

export class OpenStreams {
  readonly #open = new Set<EventEmitter>();

  add(call: EventEmitter): void {
    this.#open.add(call);
    const forget = (): void => {
      this.#open.delete(call);
    };
    call.on('cancelled', forget);
    call.on('finish', forget);
    call.on('error', forget);
  }

  /** Ends every stream as a stopping server does. */
  drop(): void {
    for (const call of this.#open) call.emit('error', { code: 14, details: 'etcdserver: server stopped' });
  }
}
