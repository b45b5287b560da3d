/** Looking into a running registry: an observer of one's own, the offline inspector, and the Stately inspector. */

export type { SecretOptions } from '../secrets.js';
export type { InspectedActor } from './actors.js';
export { type Inspector, type InspectorOptions, startInspector } from './inspector.js';
export type { InspectedSnapshot, Observation } from './observation.js';
export { type ObserveOptions, type Observer, observe } from './observe.js';
export type { Plain } from './plain.js';
export { type StatelyInspector, showInStately } from './stately.js';
