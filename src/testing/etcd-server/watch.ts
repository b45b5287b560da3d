/** The Watch service over the core. */
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { IWatchRequest } from 'etcd3';
import type { WatchResponse } from '../etcd-core/messages.js';
import type { WatchStream } from '../etcd-core/watches.js';
import type { Desk } from './desk.js';
import type { OpenStreams } from './open-streams.js';
import { tokenIn } from './unary.js';

export function watchHandlers(desk: Desk, streams: OpenStreams): UntypedServiceImplementation {
  const watch: handleBidiStreamingCall<IWatchRequest, WatchResponse> = (call) => {
    if (!streams.admit(call)) return;
    const token = tokenIn(call.metadata);
    let stream: WatchStream | undefined;
    desk.serve((core) => {
      stream = core.openWatchStream((response) => call.write(response));
    });
    call.on('data', (request: IWatchRequest) => desk.serve(() => stream?.receive(request, token)));
    // A client that only ends its half still follows; it leaves by cancelling or by losing the connection.
    call.on('cancelled', () => desk.serve(() => stream?.close()));
  };
  return { Watch: watch };
}
