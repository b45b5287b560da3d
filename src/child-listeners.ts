/** Who listens to the children of which path, over views that are shared by prefix. */
import { ChildList, type ChildListener } from './child-list.js';
import { RegistryError } from './errors.js';
import { errorFrom } from './failure-error.js';
import { prefixOf } from './key-layout.js';
import { type Patience, Waiters } from './patience.js';
import type { Views } from './views.js';

interface Listening {
  readonly list: ChildList;
  /** Who waits for the first list. */
  readonly waiters: Waiters;
  isKnown: boolean;
}

export class ChildListeners {
  readonly #views: Views;
  readonly #listenerError: (error: unknown) => void;
  readonly #byPath = new Map<string, Map<ChildListener, Listening>>();

  constructor(views: Views, listenerError: (error: unknown) => void) {
    this.#views = views;
    this.#listenerError = listenerError;
  }

  /** Resolves with the first list; when all who waited for it have given up, nothing is left behind. */
  async add(path: string, listener: ChildListener, patience: Patience): Promise<readonly string[]> {
    const known = this.#byPath.get(path)?.get(listener);
    const listening = known ?? this.#begin(path, listener, patience);
    try {
      await listening.waiters.wait(patience, (waiter) => {
        if (known === undefined) this.#views.add(prefixOf(path), listening.list);
        if (listening.isKnown) waiter.resolve();
      });
    } catch (error) {
      if (listening.waiters.isEmpty && !listening.isKnown) this.#remove(path, listener, listening);
      throw error;
    }
    return listening.list.children();
  }

  /** Who waits is rejected; the listener is not called any more. */
  remove(path: string, listener: ChildListener): void {
    const listening = this.#byPath.get(path)?.get(listener);
    if (listening !== undefined) this.#remove(path, listener, listening);
  }

  #remove(path: string, listener: ChildListener, listening: Listening): void {
    const listeners = this.#byPath.get(path);
    if (listeners?.get(listener) !== listening) return;
    listeners.delete(listener);
    if (listeners.size === 0) this.#byPath.delete(path);
    listening.list.close();
    this.#views.remove(prefixOf(path), listening.list);
    listening.waiters.reject(removedError);
  }

  close(errorFor: (doing: string) => RegistryError): void {
    for (const listeners of this.#byPath.values()) {
      for (const { list, waiters } of listeners.values()) {
        list.close();
        waiters.reject(errorFor);
      }
    }
    this.#byPath.clear();
  }

  #begin(path: string, listener: ChildListener, { clock }: Patience): Listening {
    const waiters = new Waiters();
    const list = new ChildList(
      path,
      listener,
      {
        known: () => {
          listening.isKnown = true;
          waiters.resolve();
        },
        denied: (failure) => waiters.reject((doing) => errorFrom(doing, failure, { key: path })),
        listenerError: this.#listenerError,
      },
      clock,
    );
    const listening: Listening = { list, waiters, isKnown: false };
    const listeners = this.#byPath.get(path) ?? new Map<ChildListener, Listening>();
    this.#byPath.set(path, listeners.set(listener, listening));
    return listening;
  }
}

function removedError(doing: string): RegistryError {
  return new RegistryError('ABORTED', `${doing}: the listener was removed meanwhile; add it again`);
}
