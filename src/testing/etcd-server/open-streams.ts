/** The streams open now, so that they can be dropped. */
import type { EventEmitter } from 'node:events';
import type { Metadata } from '@grpc/grpc-js';
import { EtcdRefusal } from '../etcd-core/refusal.js';
import { type Leadership, noLeader, requiresLeader } from './leadership.js';
import { serviceErrorOf } from './unary.js';

type StreamCall = EventEmitter & { readonly metadata: Metadata };

export class OpenStreams {
  readonly #open = new Set<StreamCall>();
  readonly #leadership: Leadership;

  constructor(leadership: Leadership) {
    this.#leadership = leadership;
  }

  /** Takes a new stream in, unless it asks for a leader and there is none: then it is ended, and the answer is false. */
  admit(call: StreamCall): boolean {
    if (!this.#leadership.present && requiresLeader(call.metadata)) {
      end(call, noLeader);
      return false;
    }
    this.#open.add(call);
    const forget = (): void => {
      this.#open.delete(call);
    };
    call.on('cancelled', forget);
    call.on('finish', forget);
    call.on('error', forget);
    return true;
  }

  /** Ends every stream as a stopping server does. */
  drop(): void {
    for (const call of this.#open) end(call, new EtcdRefusal(14, 'etcdserver: server stopped'));
  }

  /** Ends the streams that asked for a leader. */
  dropLeaderless(): void {
    for (const call of this.#open) if (requiresLeader(call.metadata)) end(call, noLeader);
  }
}

/** Ends a stream with an error; the client gets it as status. */
export function end(call: EventEmitter, reason: EtcdRefusal): void {
  call.emit('error', serviceErrorOf(reason));
}
