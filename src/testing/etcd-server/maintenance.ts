/** The little of the Cluster, Maintenance and Auth services that clients and etcdctl ask for: one healthy member, no alarm, no auth. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { EtcdRefusal } from '../etcd-core/refusal.js';
import type { Desk } from './desk.js';
import type { ServiceName } from './services.js';
import { unary } from './unary.js';

/** The release whose behaviour the core has. */
const version = '3.4.23';

type Handlers = Readonly<
  Record<Extract<ServiceName, 'Cluster' | 'Maintenance' | 'Auth'>, UntypedServiceImplementation>
>;

export function memberHandlers(desk: Desk, endpoint: string): Handlers {
  return {
    Cluster: {
      MemberList: unary(desk, (core) => {
        const header = core.header(0);
        const url = `http://${endpoint}`;
        const member = {
          ID: header.member_id,
          name: 'default',
          peerURLs: [],
          clientURLs: [url],
          isLearner: false,
        };
        return { header, members: [member] };
      }),
    },
    Maintenance: {
      Status: unary(desk, (core) => {
        const header = core.header();
        return {
          header,
          version,
          dbSize: '24576',
          dbSizeInUse: '24576',
          leader: header.member_id,
          raftIndex: header.revision,
          raftAppliedIndex: header.revision,
          raftTerm: header.raft_term,
          errors: [],
          isLearner: false,
        };
      }),
      Alarm: unary(desk, () => ({ header: null, alarms: [] })),
      Defragment: unary(desk, () => ({ header: null })),
      HashKV: unary(desk, (core) => ({
        header: core.header(),
        hash: 0,
        compact_revision: String(core.compactedRevision),
      })),
    },
    Auth: {
      Authenticate: unary(desk, () => {
        throw new EtcdRefusal(9, 'etcdserver: authentication is not enabled');
      }),
    },
  };
}
