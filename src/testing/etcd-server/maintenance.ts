/** The little of the Cluster and Maintenance services that clients and etcdctl ask for: one member that leads. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { IAlarmRequest } from 'etcd3';
import type { Alarm } from '../etcd-core/alarms.js';
import type { Desk } from './desk.js';
import type { ServiceName } from './services.js';
import { local, unary } from './unary.js';

/** The release whose behaviour the core has. */
const version = '3.4.23';

type Handlers = Readonly<
  Record<Extract<ServiceName, 'Cluster' | 'Maintenance'>, UntypedServiceImplementation>
>;

export function memberHandlers(desk: Desk, endpoint: string): Handlers {
  return {
    Cluster: {
      MemberList: local(desk, (core) => {
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
      Status: local(desk, (core) => {
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
          errors: core.alarm({}).alarms.map(alarmText),
          isLearner: false,
        };
      }),
      Alarm: unary(desk, (core, request: IAlarmRequest) => core.alarm(request)),
      Defragment: local(desk, () => ({ header: null })),
      HashKV: local(desk, (core) => ({
        header: core.header(),
        hash: 0,
        compact_revision: String(core.compactedRevision),
      })),
    },
  };
}

/** An alarm as etcd prints it: fields that are zero are left out. */
function alarmText({ memberID, alarm }: Alarm): string {
  const member = memberID === '0' ? '' : `memberID:${memberID} `;
  return `${member}alarm:${alarm.toUpperCase()} `;
}
