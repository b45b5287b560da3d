/** Tells a registry's events to whoever listens; a handler that throws never reaches the machines. */
import { EventEmitter } from 'eventemitter3';
import type { RegistryNews } from '../machines/index.js';
import type { RegistryEvents } from './events.js';

type Name = keyof RegistryEvents;

export class Announcer {
  readonly #events = new EventEmitter<Name>();

  on<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    this.#events.on(name, handler);
  }

  once<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    const wrapped = (...args: unknown[]): void => {
      this.#events.off(name, wrapped);
      (handler as (...given: unknown[]) => void)(...args);
    };
    this.#events.on(name, wrapped);
  }

  off<N extends Name>(name: N, handler: RegistryEvents[N]): void {
    this.#events.off(name, handler);
  }

  has(name: Name): boolean {
    return this.#events.listenerCount(name) > 0;
  }

  /** Calls every handler; what one throws is told as `listenerError`, or as a process warning if that throws too. */
  emit<N extends Name>(name: N, ...args: Parameters<RegistryEvents[N]>): void {
    for (const handler of this.#events.listeners(name)) {
      try {
        handler(...args);
      } catch (error) {
        if (name === 'listenerError') process.emitWarning(error instanceof Error ? error : String(error));
        else this.emit('listenerError', error);
      }
    }
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
      case 'lease.renewed':
      case 'registry.failed':
        return;
      case 'registration.failed': {
        const { keys, failure, willRetry } = news;
        this.emit('registration', { state: 'failed', keys, failure, willRetry });
        return;
      }
      case 'registration.written':
        this.emit('registration', { state: 'written', keys: news.keys });
        return;
      case 'registration.withdrawn':
        this.emit('registration', { state: 'withdrawn', keys: news.keys });
        return;
      case 'registration.conflicted':
        this.emit('registration', { state: 'conflicted', keys: news.keys });
        return;
    }
  }

  close(): void {
    this.#events.removeAllListeners();
  }
}
