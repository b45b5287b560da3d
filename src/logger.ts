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

/** What a state means to whoever reads the log, and how loud that is; the first that fits. Everything else is for debugging. */
const meanings: readonly {
  readonly machine: string;
  readonly state: RegExp;
  readonly meaning: string;
  readonly level: LogLevel;
}[] = [
  { machine: 'connection', state: /doubtful/, meaning: 'in doubt', level: 'warn' },
  { machine: 'connection', state: /^connected/, meaning: 'up', level: 'info' },
  { machine: 'connection', state: /^disconnected/, meaning: 'down', level: 'warn' },
  { machine: 'lease', state: /doubtful/, meaning: 'in doubt', level: 'warn' },
  { machine: 'lease', state: /^alive/, meaning: 'alive', level: 'info' },
  { machine: 'lease', state: /^(?:expired|recovering)/, meaning: 'lost', level: 'warn' },
  { machine: 'watcher', state: /denied/, meaning: 'denied', level: 'error' },
  { machine: 'watcher', state: /erroring/, meaning: 'in trouble', level: 'warn' },
  { machine: 'watcher', state: /watching/, meaning: 'live', level: 'debug' },
  { machine: 'registry.life', state: /^running/, meaning: 'running', level: 'info' },
  { machine: 'registry.life', state: /^closed/, meaning: 'closed', level: 'info' },
  { machine: 'registry.life', state: /^failed/, meaning: 'failed', level: 'error' },
  { machine: 'registry.guarding', state: /^unguarded/, meaning: 'unguarded', level: 'warn' },
  { machine: 'registry.auditing', state: /^(?:unread|backingOff)/, meaning: 'in trouble', level: 'warn' },
  { machine: 'registry.auditing', state: /^resting/, meaning: 'done', level: 'debug' },
  { machine: 'registry.publishing', state: /^backingOff/, meaning: 'in trouble', level: 'warn' },
  { machine: 'registry.publishing', state: /^idle/, meaning: 'done', level: 'debug' },
];

/** Logs from now on. Each state change is logged once; further attempts that end as the last did, only for debugging. */
export function logEvents(events: Announcer, logger: Logger, origin: Origin): void {
  const guarded = guard(logger);
  const log = (level: LogLevel, facts: object, message: string): void =>
    guarded(level, { ...origin, ...facts }, `leasehold ${message}`);
  const said = new Map<string, string>();
  events.on('state', (change) => log(levelOf(change, said), change, sentenceOf(change)));
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

/** An outage takes many attempts, and is one outage: what a machine means is said aloud once, until it means something else. */
function levelOf({ machine, subject, to, event }: StateChange, said: Map<string, string>): LogLevel {
  // The connection says it, for all watchers at once.
  if (machine === 'watcher' && event === 'connection.down') return 'debug';
  const found = meanings.find((each) => each.machine === machine && each.state.test(to));
  if (found === undefined) return 'debug';
  const who = `${machine} ${subject ?? ''}`;
  if (said.get(who) === found.meaning) return 'debug';
  said.set(who, found.meaning);
  return found.level;
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
