/** The KV service over the core. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ICompactionRequest, IDeleteRangeRequest, IPutRequest, IRangeRequest, ITxnRequest } from 'etcd3';
import type { Desk } from './desk.js';
import { unary } from './unary.js';

export function kvHandlers(desk: Desk): UntypedServiceImplementation {
  return {
    Range: unary(
      desk,
      (core, request: IRangeRequest) => core.range(request),
      (request) => !request.serializable,
    ),
    Put: unary(desk, (core, request: IPutRequest, bytes) => core.put(request, bytes)),
    DeleteRange: unary(desk, (core, request: IDeleteRangeRequest, bytes) => core.deleteRange(request, bytes)),
    Txn: unary(desk, (core, request: ITxnRequest, bytes) => core.txn(request, bytes)),
    Compact: unary(desk, (core, request: ICompactionRequest) => core.compact(request)),
  };
}
