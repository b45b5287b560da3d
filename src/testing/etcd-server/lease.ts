/** The Lease service over the core. */
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ILeaseKeepAliveRequest, ILeaseTimeToLiveRequest } from 'etcd3';
import type { LeaseKeepAliveResponse } from '../etcd-core/messages.js';
import type { Desk } from './desk.js';
import { noLeader } from './leadership.js';
import { end, type OpenStreams } from './open-streams.js';
import { guarded, local, unary } from './unary.js';

export function leaseHandlers(desk: Desk, streams: OpenStreams): UntypedServiceImplementation {
  const keepAlive: handleBidiStreamingCall<ILeaseKeepAliveRequest, LeaseKeepAliveResponse> = (call) => {
    if (!streams.admit(call)) return;
    call.on('data', (request: ILeaseKeepAliveRequest) => {
      const renew = (): void => desk.serve((core) => call.write(core.leaseKeepAlive(request)));
      desk.leadership.whenPresent(renew, () => end(call, noLeader));
    });
    call.on('end', () => call.end());
  };
  return {
    LeaseGrant: guarded(desk, 'leaseGrant'),
    LeaseRevoke: guarded(desk, 'leaseRevoke'),
    LeaseKeepAlive: keepAlive,
    LeaseTimeToLive: unary(desk, (core, request: ILeaseTimeToLiveRequest) => core.leaseTimeToLive(request)),
    LeaseLeases: local(desk, (core) => core.leaseLeases()),
  };
}
