/** What other rooms, and users who embed a machine, may take from this one. */
export {
  Failure,
  type FailureFact,
  type FailureKind,
  failureOf,
  isOutcomeUnknown,
  isTransient,
} from './failure.js';
export { requestPort, type StreamPort, stream, streamPort } from './port.js';
