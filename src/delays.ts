/** The machines' delays with dice: spread over time, so that a thousand processes do not return at one instant. */
import { type Backoff, backoffMs, reconnectBackoff, requestBackoff } from '../machines/index.js';
import { timerMsMax } from './timer-limit.js';

type Attempted = { readonly context: { readonly attempt: number } };

/** Draws from (0, backoff], also for the first attempt ("full jitter"). */
function jittered(backoff: Backoff, random: () => number): (args: Attempted) => number {
  return ({ context }) => Math.ceil(backoffMs(backoff, context.attempt) * random());
}

/** Draws from ±10 % around `ms`. */
function spread(ms: number, random: () => number): () => number {
  return () => Math.min(timerMsMax, Math.round(ms * (0.9 + 0.2 * random())));
}

/** How long after a break our own keys are followed again, at most. */
const guardBackoffMs = 1_000;
/** Rights change seldom; whoever was denied asks again so often. */
const deniedRetryMs = 30_000;

/** The delays that src/compose.ts gives to the machines, by machine. */
export interface Delays {
  readonly connection: { readonly reconnectBackoff: (args: Attempted) => number };
  readonly lease: { readonly retryBackoff: (args: Attempted) => number; readonly revokeTimeout: number };
  readonly watcher: { readonly retryBackoff: (args: Attempted) => number; readonly emptyProtection: number };
  readonly registry: {
    readonly flushBackoff: (args: Attempted) => number;
    readonly auditInterval: () => number;
    readonly auditBackoff: (args: { readonly context: { readonly auditAttempt: number } }) => number;
    readonly guardBackoff: () => number;
    readonly deniedRetry: () => number;
    readonly closeTimeout: number;
    readonly drainTimeout: number;
  };
}

/** The delays for these settings; `random` gives numbers from 0 up to but not 1. */
export function jitteredDelays(
  settings: {
    readonly auditIntervalMs: number;
    readonly closeTimeoutMs: number;
    readonly emptyProtectionMs: number;
  },
  random: () => number,
): Delays {
  const retry = jittered(requestBackoff, random);
  return {
    connection: { reconnectBackoff: jittered(reconnectBackoff, random) },
    lease: { retryBackoff: retry, revokeTimeout: settings.closeTimeoutMs },
    watcher: { retryBackoff: retry, emptyProtection: settings.emptyProtectionMs },
    registry: {
      flushBackoff: retry,
      auditInterval: spread(settings.auditIntervalMs, random),
      auditBackoff: ({ context }) => retry({ context: { attempt: context.auditAttempt } }),
      guardBackoff: () => Math.ceil(guardBackoffMs * random()),
      deniedRetry: spread(deniedRetryMs, random),
      closeTimeout: settings.closeTimeoutMs,
      drainTimeout: settings.closeTimeoutMs / 2,
    },
  };
}
