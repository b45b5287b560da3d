/** Tools for testing programs that use leasehold. */
export {
  type Exploration,
  exploreMachine,
  type GraphState,
  type MachineGraph,
  type Move,
} from './graph.js';
export {
  type MemoryEtcd,
  type MemoryEtcdKey,
  type MemoryEtcdLease,
  type MemoryEtcdOptions,
  type MemoryEtcdUser,
  startMemoryEtcd,
} from './memory-etcd.js';
export { playScenario, type ScenarioMachines } from './scenario.js';
export { createVirtualClock, type VirtualClock } from './virtual-clock.js';
