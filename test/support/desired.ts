/** Registrations for tests of the pure functions around them. */
import { ShardedMap } from '../../machines/index.js';
import { type Registration, wish } from '../../machines/registration.js';

/** A registration under a lease that nothing was sent of yet. */
export function registrationOf(key: string, given: Partial<Registration> = {}): Registration {
  return { ...wish({ key, value: null, leased: true, parent: null }, undefined), ...given };
}

/** By key. */
export function registrationsOf(...registrations: readonly Registration[]): ShardedMap<Registration> {
  return ShardedMap.empty<Registration>().with(registrations.map((known) => [known.key, known]));
}

export function keysOf(...keys: readonly string[]): ShardedMap<true> {
  return ShardedMap.empty<true>().with(keys.map((key) => [key, true]));
}
