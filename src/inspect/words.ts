/** XState's own event types in words; pictures, pages and timelines use the same ones. */

/** What was asked was answered or failed, time has passed, or somebody said something. */
export function eventInWords(eventType: string): string {
  const [, kind, actor] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? [];
  if (kind !== undefined) return `${actor} ${kind === 'done' ? 'done' : 'failed'}`;
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(eventType) ?? [];
  if (delay !== undefined) return `after ${delay}`;
  return eventType === '' ? 'at once' : eventType;
}
