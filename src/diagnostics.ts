/**
 * The registry's events for tools that are not told of each registry: as messages of `node:diagnostics_channel`. Costs one
 * look at a flag while nobody subscribes. Names and messages are listed in docs/metrics.md.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { RegistryEvents } from './events.js';

/** Which registry a message is from, without credentials. */
export interface Origin {
  readonly address: string;
  readonly root: string;
}

const channels: Readonly<Partial<Record<keyof RegistryEvents, Channel>>> = {
  registration: channel('leasehold:register'),
  subscription: channel('leasehold:subscribe'),
  notification: channel('leasehold:notify'),
  connection: channel('leasehold:reconnect'),
  lease: channel('leasehold:lease'),
};

/** True when somebody has subscribed to the channel of this event. */
export function isDiagnosed(name: keyof RegistryEvents): boolean {
  return channels[name]?.hasSubscribers === true;
}

/** Publishes the event with where it is from. What a subscriber throws is Node's to handle. */
export function diagnose(name: keyof RegistryEvents, origin: Origin, event: unknown): void {
  channels[name]?.publish({ ...origin, ...(event as object) });
}
