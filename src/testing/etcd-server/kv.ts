/** The KV service over the core. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Desk } from './desk.js';
import { guarded } from './unary.js';

export function kvHandlers(desk: Desk): UntypedServiceImplementation {
  return {
    Range: guarded(desk, 'range', ({ serializable }) => !serializable),
    Put: guarded(desk, 'put'),
    DeleteRange: guarded(desk, 'deleteRange'),
    Txn: guarded(desk, 'txn'),
    Compact: guarded(desk, 'compact'),
  };
}
