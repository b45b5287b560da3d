/** Tools for testing programs that use leasehold. */
export {
  type MemoryEtcd,
  type MemoryEtcdKey,
  type MemoryEtcdLease,
  type MemoryEtcdOptions,
  startMemoryEtcd,
} from './memory-etcd.js';
