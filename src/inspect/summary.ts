/** A registry's status as the page's tables show it: readable keys, no secrets, troubles first, and of bounded size. */

import type { Secrets } from '../secrets.js';
import type { RegistryStatus } from '../status.js';
import type { RegistrationRow, RegistrySummary, SubscriptionRow } from './page/protocol.js';

/** Nobody reads more rows than these. */
const rowsMax = 500;

export function summaryOf(
  status: RegistryStatus,
  {
    registry,
    label,
    secrets,
  }: { readonly registry: number; readonly label: string; readonly secrets: Secrets },
): RegistrySummary {
  const { connection, lease } = status;
  return {
    registry,
    label,
    state: status.state,
    publishing: status.publishing,
    connection: {
      state: connection.state,
      endpoint: secrets.withoutSecrets(connection.endpoint),
      attempts: connection.attempts,
      history: connection.history,
      lastError: troubleOf(connection.lastError, secrets),
    },
    lease: {
      state: lease.isDoubtful ? `${lease.state}.doubtful` : lease.state,
      leaseId: lease.leaseId,
      generation: lease.generation,
      ttlSeconds: lease.ttlSeconds,
      lastError: troubleOf(lease.lastError, secrets),
    },
    registrations: registrationsOf(status.registrations, secrets),
    subscriptions: subscriptionsOf(status.subscriptions, secrets),
  };
}

function registrationsOf(
  all: RegistryStatus['registrations'],
  secrets: Secrets,
): RegistrySummary['registrations'] {
  const rows = firstOf(all, ({ state }) => state !== 'written').map(
    (each): RegistrationRow => ({
      ...each,
      key: readableKey(each.key, secrets),
      lastError: troubleOf(each.lastError, secrets),
    }),
  );
  return { total: all.length, written: all.filter(({ state }) => state === 'written').length, rows };
}

function subscriptionsOf(
  subscriptions: RegistryStatus['subscriptions'],
  secrets: Secrets,
): RegistrySummary['subscriptions'] {
  const all = subscriptions.flatMap(({ url, categories }) => categories.map((each) => ({ ...each, url })));
  const rows = firstOf(all, ({ stale }) => stale !== null).map(
    (each): SubscriptionRow => ({ ...each, url: secrets.withoutSecrets(each.url) }),
  );
  return { total: all.length, stale: all.filter(({ stale }) => stale !== null).length, rows };
}

/** What needs attention, and then the others, up to the limit. */
function firstOf<T>(all: readonly T[], needsAttention: (each: T) => boolean): readonly T[] {
  const urgent = all.filter(needsAttention).slice(0, rowsMax);
  const calm = all.filter((each) => !needsAttention(each)).slice(0, rowsMax - urgent.length);
  return [...urgent, ...calm];
}

/** Decoded, because a person reads it; hidden before and after, because a secret may become visible by decoding. */
function readableKey(key: string, secrets: Secrets): string {
  const shown = secrets.withoutSecrets(key);
  try {
    return secrets.withoutSecrets(decodeURIComponent(shown));
  } catch {
    return shown;
  }
}

function troubleOf(
  failure: { readonly kind: string; readonly message: string } | null,
  secrets: Secrets,
): { readonly kind: string; readonly message: string } | null {
  return failure && { kind: failure.kind, message: secrets.withoutSecrets(failure.message) };
}
