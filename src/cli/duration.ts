/** Durations as people type them and as etcdctl's variables have them: `5s`, `500ms`, `1m30s`. */
import { UsageError } from './usage-error.js';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** In milliseconds, above 0. `where` names what was read, for the message. */
export function durationMs(text: string, where: string): number {
  const isDuration = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/.test(text);
  let sum = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    sum += Number(amount) * (unitsMs[unit] ?? 0);
  }
  if (isDuration && sum > 0) return Math.round(sum);
  throw new UsageError(`${where} takes a duration such as 5s, 500ms or 1m30s, not ${JSON.stringify(text)}`);
}

/** How long something has been so, in the largest fitting unit: `12s`, `5m`, `3h`, `17d`. */
export function shownAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
