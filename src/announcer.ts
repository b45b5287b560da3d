/** Tells a registry's events to whoever listens; a handler that throws never reaches the machines. */
import { EventEmitter } from 'eventemitter3';
import type { RegistrationNews, RegistryNews } from '../machines/index.js';
import { diagnose, isDiagnosed, type Origin } from './diagnostics.js';
import type { RegistryError } from './errors.js';
import type { RegistrationEvent, RegistryEvents } from './events.js';
import { shownKey } from './shown-key.js';

type Name = keyof RegistryEvents;
type Handler = (...args: unknown[]) => unknown;

interface Supply {
  readonly begin: () => () => void;
  /** Undefined while nobody listens. */
  end: (() => void) | undefined;
}

/** So many unreadable keys are remembered as reported; after that each may be reported once more. */
const undecodableMax = 1_000;

const registrationStates: Readonly<Record<RegistrationNews['type'], RegistrationEvent['state']>> = {
  'registration.written': 'written',
  'registration.withdrawn': 'withdrawn',
  'registration.failed': 'failed',
  'registration.conflicted': 'conflicted',
};

export class Announcer {
  readonly #origin: Origin;
  readonly #events = new EventEmitter<Name>();
  /** What was added for each handler of each event: the handler behind a guard. */
  readonly #guarded = new WeakMap<Handler, Map<Name, Handler>>();

  readonly #undecodable = new Set<string>();
  readonly #supplies = new Map<Name, Supply>();

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  on<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    this.#events.on(name, this.#guard(name, handler as Handler));
    this.#adjust(name);
  }

  once<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    this.#events.once(name, this.#guard(name, handler as Handler));
    this.#adjust(name);
  }

  off<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    this.#events.off(name, this.#guard(name, handler as Handler));
    this.#adjust(name);
  }

  /** For events that cost something: `begin` is called while somebody listens, and returns what ends it. */
  supply(name: Name, begin: () => () => void): void {
    this.#supplies.set(name, { begin, end: undefined });
  }

  has(name: Name): boolean {
    return this.#events.listenerCount(name) > 0;
  }

  /** True when telling it is not in vain. */
  wants(name: Name): boolean {
    return this.has(name) || isDiagnosed(name);
  }

  emit<N extends Name>(name: N, ...args: Parameters<RegistryEvents[N]>): void {
    this.#events.emit(name, ...args);
    // Whoever listened only once does so no more.
    this.#adjust(name);
    if (isDiagnosed(name)) diagnose(name, this.#origin, args[0]);
  }

  /** Tells that somebody's callback threw; as a warning of the process when nobody listens, so that it is never lost. */
  report(error: unknown): void {
    if (this.has('listenerError')) this.emit('listenerError', error);
    else process.emitWarning(error instanceof Error ? error : String(error));
  }

  /** Tells of a key that cannot be read, once. */
  reportUndecodable(key: string, error: RegistryError): void {
    if (this.#undecodable.has(key)) return;
    if (this.#undecodable.size >= undecodableMax) this.#undecodable.clear();
    this.#undecodable.add(key);
    this.emit('undecodable', { key, error });
  }

  /** The handler, with what it throws or rejects with reported instead of thrown. */
  #guard(name: Name, handler: Handler): Handler {
    const byName = this.#guarded.get(handler) ?? new Map<Name, Handler>();
    const known = byName.get(name);
    if (known !== undefined) return known;
    const complain = (error: unknown): void => {
      if (name === 'listenerError') process.emitWarning(error instanceof Error ? error : String(error));
      else this.report(error);
    };
    const guarded: Handler = (...args) => {
      try {
        void Promise.resolve(handler(...args)).catch(complain);
      } catch (error) {
        complain(error);
      }
    };
    this.#guarded.set(handler, byName.set(name, guarded));
    return guarded;
  }

  /** Tells what the registry machine told, in the words of the public events. */
  announce(news: RegistryNews): void {
    switch (news.type) {
      case 'connection.up': {
        const { endpoint, epoch, history } = news;
        this.emit('connection', { state: 'connected', endpoint, epoch, history });
        return;
      }
      case 'connection.down':
        this.emit('connection', { state: 'disconnected', reason: news.reason });
        return;
      case 'lease.alive': {
        const { leaseId, generation, ttlSeconds } = news;
        this.emit('lease', { state: 'alive', leaseId, generation, ttlSeconds });
        return;
      }
      case 'lease.doubtful':
        this.emit('lease', { state: 'doubtful', leaseId: news.leaseId });
        return;
      case 'lease.expired':
        this.emit('lease', { state: 'expired', leaseId: news.leaseId, reason: news.reason });
        return;
      case 'registry.failed':
        return;
      default:
        this.#announceRegistration(news);
    }
  }

  #announceRegistration(news: RegistrationNews): void {
    // There may be ten thousand keys to make presentable.
    if (!this.wants('registration')) return;
    const keys = news.keys.map(shownKey);
    const state = registrationStates[news.type];
    if (news.type === 'registration.failed') {
      const { failure, willRetry } = news;
      this.emit('registration', { state, keys, failure, willRetry });
    } else this.emit('registration', { state, keys });
  }

  close(): void {
    this.#events.removeAllListeners();
    for (const name of this.#supplies.keys()) this.#adjust(name);
  }

  #adjust(name: Name): void {
    const supply = this.#supplies.get(name);
    if (supply === undefined) return;
    if (this.has(name)) supply.end ??= supply.begin();
    else {
      supply.end?.();
      supply.end = undefined;
    }
  }
}
