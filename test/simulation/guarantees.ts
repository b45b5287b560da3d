/**
 * The promises, each a function named for what it checks: undefined when it holds, else what was seen instead. They look
 * at recorded facts only and know nothing of how the registry works.
 */
import { isProvided } from './catalogue.js';
import type { Witness } from './witness.js';

/** One notification: the position it claims and the keys it tells, in order. */
export interface Told {
  readonly history: number;
  readonly revision: number;
  readonly keys: readonly string[];
}

export type Verdict = string | undefined;

/** ALWAYS-1: the position a listener is told never goes back. */
export function goesForward(before: Told | undefined, told: Told): Verdict {
  if (before === undefined || told.history > before.history) return undefined;
  if (told.history === before.history && told.revision >= before.revision) return undefined;
  return `told (${told.history}, ${told.revision}) after (${before.history}, ${before.revision})`;
}

/** What a listener was told about one prefix, and every epoch of which that can have been said. */
export interface Placed {
  readonly told: Told;
  readonly epochs: readonly number[];
}

/**
 * ALWAYS-2: what is told is exactly what etcd held at the claimed revision, in an epoch not before that of the last one.
 * Epochs can look alike, so all that fit are kept: whoever subscribes long after a wipe is told a list that may have
 * existed before it too.
 */
export function isTruth(
  witness: Witness,
  prefix: string,
  told: Told,
  last: Placed | undefined,
): Placed | string {
  const epochs: number[] = [];
  for (let epoch = last?.epochs[0] ?? 0; epoch <= witness.epoch; epoch += 1) {
    if (held(witness, epoch, prefix, told)) epochs.push(epoch);
  }
  if (epochs.length > 0) return { told, epochs };
  const actual = witness.keysAt(witness.epoch, prefix, told.revision)?.filter(isProvided);
  return `${prefix} at revision ${told.revision} was told as ${show(told.keys)}; etcd held ${show(actual)}`;
}

/**
 * ALWAYS-1: a replaced history is said, unless the process did not know the sentinel of the one before. Leaves the
 * epochs in which that can be so.
 */
export function saysHistory(
  prefix: string,
  last: Placed | undefined,
  now: Placed,
  knowsSentinel: (epoch: number) => boolean,
): Placed | string {
  if (last === undefined || now.told.history > last.told.history) return now;
  const couldFollow = (epoch: number): boolean =>
    last.epochs.some((before) => before === epoch || (before < epoch && !knowsSentinel(before)));
  const epochs = now.epochs.filter(couldFollow);
  if (epochs.length > 0) return { told: now.told, epochs };
  const { history, revision } = now.told;
  return `${prefix} is told from epoch ${now.epochs.join(' or ')} at (${history}, ${revision}) as if nothing had been replaced`;
}

function held(witness: Witness, epoch: number, prefix: string, told: Told): boolean {
  const keys = witness.keysAt(epoch, prefix, told.revision)?.filter(isProvided);
  return keys !== undefined && sameKeys(keys, told.keys);
}

/** ALWAYS-3: an empty list is told only if etcd said so. */
export function isEmptyInEtcd(witness: Witness, prefix: string, told: Told): Verdict {
  if (told.keys.length > 0) return undefined;
  for (let epoch = 0; epoch <= witness.epoch; epoch += 1) {
    if (witness.keysAt(epoch, prefix, told.revision)?.filter(isProvided).length === 0) return undefined;
  }
  return `${prefix} was told as empty at revision ${told.revision}, where it never was`;
}

/** ALWAYS-4: nothing of ours is in etcd once a withdrawal has resolved. */
export function isGone(key: string, present: { readonly isOurs: boolean } | undefined): Verdict {
  return present?.isOurs === true ? `${key} is in etcd though its withdrawal has resolved` : undefined;
}

/** ALWAYS-5: only keys of our own are deleted. */
export function deletesOwn(key: string, isOurs: boolean): Verdict {
  return isOurs ? undefined : `${key} was deleted though it belongs to somebody else`;
}

/** ALWAYS-6: only the lease in use is kept alive. */
export function renewsLeaseInUse(leaseId: string, inUse: string | undefined): Verdict {
  return leaseId === inUse ? undefined : `lease ${leaseId} was renewed while ${inUse ?? 'none'} is in use`;
}

/** ALWAYS-7: a registration resolves only when it was written. */
export function wasWritten(key: string, isWritten: boolean): Verdict {
  return isWritten ? undefined : `register resolved though ${key} was not written`;
}

/** ALWAYS-7: after a subscription or its registry has ended, its listener is not called. */
export function isWanted(isOpen: boolean, url: string): Verdict {
  return isOpen ? undefined : `the listener of ${url} was called after its end`;
}

/** EVENTUALLY-1 (a), also while something else is denied (ALWAYS-8): what is permitted is done. */
export function isDone(key: string, wished: 'registered' | 'withdrawn', isThere: boolean): Verdict {
  if (isThere === (wished === 'registered')) return undefined;
  return `${key} is ${wished} and not denied, but ${isThere ? 'in' : 'not in'} etcd`;
}

/** ALWAYS-9: a lease is not called alive a whole TTL after the last acknowledged renewal was sent. */
export function isLeaseHonest(state: string, sinceRenewalMs: number, ttlMs: number): Verdict {
  if (state !== 'alive' || sinceRenewalMs <= ttlMs + 20) return undefined;
  return `the lease is called alive ${Math.round(sinceRenewalMs)} ms after its last renewal was sent`;
}

/** ALWAYS-9: a link is not called connected long after the last answer could come through. */
export function isLinkHonest(isUp: boolean, silentMs: number): Verdict {
  return isUp && silentMs > 8_000
    ? `the link is called connected after ${silentMs} ms of silence`
    : undefined;
}

/** BOUNDED-1: writes in flight, and intents by the keys they are about. */
export function isWithinLimits(limits: {
  readonly txnsInFlight: number;
  readonly intents: number;
  readonly keys: number;
}): Verdict {
  if (limits.txnsInFlight > 8) return `${limits.txnsInFlight} transactions are in flight`;
  return limits.intents > limits.keys ? `${limits.intents} intents about ${limits.keys} keys` : undefined;
}

/** BOUNDED-1: timers by what may need one. */
export function hasFewTimers(timers: number, processes: number, subscriptions: number): Verdict {
  const most = 60 + 60 * processes + 4 * subscriptions;
  return timers > most ? `${timers} timers are set` : undefined;
}

/** BOUNDED-2: a steady state costs renewals and audits; an audit asks for a key that another process holds too. */
export function isQuiet(found: {
  readonly asked: Readonly<Record<string, number>>;
  readonly windowMs: number;
  readonly ttlMs: number;
  readonly hasContested: boolean;
}): Verdict {
  const { asked, windowMs, ttlMs, hasContested } = found;
  const writes = (asked['txn'] ?? 0) + (asked['leaseGrant'] ?? 0);
  const audits = asked['leaseTimeToLive'] ?? 0;
  // The audit that a write follows may have been asked for just before the window.
  if (writes > (hasContested ? audits + 1 : 0)) return `${writes} writes in a steady state`;
  const renewals = asked['keepAlive'] ?? 0;
  const due = Math.ceil(windowMs / (ttlMs / 3)) + 1;
  return renewals > due ? `${renewals} renewals where ${due} are due` : undefined;
}

/** BOUNDED-3: attempts to connect are spaced by the backoff. */
export function isPatient(dialsInTenSeconds: number): Verdict {
  return dialsInTenSeconds > 60 ? `${dialsInTenSeconds} attempts to connect within 10 s` : undefined;
}

/** BOUNDED-4: one connection, and on it one stream of each kind. */
export function isSingle(what: string, count: number): Verdict {
  return count > 1 ? `${count} ${what}s are open at once` : undefined;
}

/** EVENTUALLY-1 (a), EVENTUALLY-3: etcd holds what is desired, under the lease in use, and nothing else of ours. */
export function isRegistered(found: {
  readonly desired: ReadonlySet<string>;
  readonly held: ReadonlyMap<string, { readonly isOurs: boolean; readonly isShared: boolean }>;
  readonly liveLeases: number;
}): Verdict {
  for (const key of found.desired) if (!found.held.has(key)) return `${key} is desired and not in etcd`;
  for (const [key, { isOurs }] of found.held) {
    if (isOurs && !found.desired.has(key)) return `${key} is in etcd under our name and nobody desires it`;
  }
  for (const [key, { isOurs, isShared }] of found.held) {
    if (!isOurs && !isShared && found.desired.has(key)) return `${key} is not under the lease in use`;
  }
  return found.liveLeases > 1 ? `${found.liveLeases} leases of one process are alive` : undefined;
}

/** EVENTUALLY-1 (b), EVENTUALLY-2: the last thing told is what etcd holds now. */
export function isUpToDate(url: string, told: Told | undefined, now: readonly string[]): Verdict {
  const keys = now.filter(isProvided);
  if (told !== undefined && sameKeys(keys, told.keys)) return undefined;
  return `${url} was last told ${told === undefined ? 'nothing' : show(told.keys)}; etcd holds ${show(keys)}`;
}

/** EVENTUALLY-5: of a process that was killed nothing is left. */
export function isForgotten(name: string, keys: readonly string[]): Verdict {
  return keys.length > 0 ? `${name} is dead and ${show(keys)} is in etcd` : undefined;
}

/** EVENTUALLY-6: a listener advances to what etcd held, however often links are reset and histories compacted. */
export function isAdvancing(witness: Witness, prefix: string, told: Told, revision: number): Verdict {
  const held = witness.keysAt(witness.epoch, prefix, revision)?.filter(isProvided) ?? [];
  if (told.revision >= revision || sameKeys(held, told.keys)) return undefined;
  return `${prefix} is still told as of ${told.revision}: ${show(told.keys)}; at ${revision} etcd held ${show(held)}`;
}

/** EVENTUALLY-7: closing ends in time and settles every promise. */
export function hasEnded(tookMs: number | undefined, pendingCalls: number): Verdict {
  if (tookMs === undefined) return 'close has not resolved';
  if (tookMs > 2_050) return `close took ${tookMs} ms`;
  return pendingCalls > 0 ? `${pendingCalls} promises are pending after close` : undefined;
}

/** True for a transaction that only asks. */
export function isRead(request: object): boolean {
  const { compare = [], success } = request as { compare?: readonly object[]; success: readonly object[] };
  return compare.length === 0 && success.every((operation) => 'request_range' in operation);
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}

function show(keys: readonly string[] | undefined): string {
  return keys === undefined ? 'nothing yet' : `[${keys.map((key) => decodeURIComponent(key)).join(', ')}]`;
}
