/** The machines that scenario scripts may start, by the names they use. */
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../../machines/index.js';
import type { ScenarioMachines } from '../../src/testing/index.js';

export const scenarioMachines: ScenarioMachines = {
  connection: connectionMachine,
  lease: leaseMachine,
  registry: registryMachine,
  watcher: watcherMachine,
};
