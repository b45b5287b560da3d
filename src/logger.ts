/** Writes what happens to a registry to a logger of the user's choice, pino's or one of the same shape. */
import type { Announcer } from './announcer.js';
import type { Origin } from './diagnostics.js';
import type { StateChange } from './state-changes.js';

type LogMethod = (facts: object, message: string) => void;

/** What pino offers; `console` fits as well. What it throws is reported once, as a warning of the process. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

export type LogLevel = keyof Logger;

/** The level of a state, by machine and the beginning of the state's path; the first that fits. Everything else is for debugging. */
const levels: readonly (readonly [machine: string, state: RegExp, level: LogLevel])[] = [
  ['connection', /doubtful/, 'warn'],
  ['connection', /^connected/, 'info'],
  ['connection', /^disconnected/, 'warn'],
  ['lease', /doubtful/, 'warn'],
  ['lease', /^alive/, 'info'],
  ['lease', /^expired/, 'warn'],
  ['watcher', /denied/, 'error'],
  ['watcher', /erroring/, 'warn'],
  ['registry.life', /^(?:running|closed)/, 'info'],
  ['registry.life', /^failed/, 'error'],
  ['registry.publishing', /^backingOff/, 'warn'],
];

/** Logs from now on. Each state change is logged once; further attempts that end as the last did, only for debugging. */
export function logEvents(events: Announcer, logger: Logger, origin: Origin): void {
  const guarded = guard(logger);
  const log = (level: LogLevel, facts: object, message: string): void =>
    guarded(level, { ...origin, ...facts }, `leasehold ${message}`);
  const notable = new Map<string, string>();
  events.on('state', (change) => log(levelOf(change, notable), change, sentenceOf(change)));
  events.on('registration', (event) => {
    const { state, keys, failure } = event;
    if (state === 'failed')
      log('warn', event, `${keys.length} registrations failed: ${failure?.message ?? ''}`);
    else if (state === 'conflicted')
      log('warn', event, `${keys.length} registrations were taken over by others`);
  });
  events.on('subscription', (event) => {
    if (event.state === 'failed') log('warn', event, `a subscription failed: ${event.error.message}`);
  });
  events.on('undecodable', ({ key, error }) =>
    log('warn', { key, err: error }, `a key cannot be read: ${error.message}`),
  );
  events.on('cacheError', (error) => log('warn', { err: error }, error.message));
  events.on('listenerError', (error) => {
    const message = error instanceof Error ? error.message : String(error);
    log('error', { err: error }, `a listener threw: ${message}`);
  });
  events.on('failed', (error) => log('error', { err: error }, error.message));
}

function sentenceOf({ machine, subject, from, to, reason }: StateChange): string {
  const who = subject === undefined ? machine : `${machine} ${subject}`;
  return `${who}: ${from === undefined ? '' : `${from} → `}${to}: ${reason}`;
}

/** An outage takes many attempts, and is one outage: what was said last of a machine is not said aloud again. */
function levelOf({ machine, subject, to }: StateChange, notable: Map<string, string>): LogLevel {
  const level = levels.find(([name, state]) => name === machine && state.test(to))?.[2] ?? 'debug';
  if (level === 'debug') return level;
  const who = `${machine} ${subject ?? ''}`;
  if (notable.get(who) === to) return 'debug';
  notable.set(who, to);
  return level;
}

/** A logger that throws harms nothing, and is not worth a warning each time. */
function guard(logger: Logger): (level: LogLevel, facts: object, message: string) => void {
  let hasComplained = false;
  return (level, facts, message) => {
    try {
      logger[level](facts, message);
    } catch (error) {
      if (hasComplained) return;
      hasComplained = true;
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  };
}
