/**
 * What calls meet while the cluster has no leader. Whoever asks for a leader by metadata is refused at once; everybody else
 * who needs one waits until it is back, or until etcd gives up. Any further admission rule, such as tokens, belongs here.
 */
import type { Metadata } from '@grpc/grpc-js';
import { EtcdRefusal } from '../etcd-core/refusal.js';

/** How long etcd tries to replicate a request. */
const attemptMs = 7000;

interface Waiting {
  readonly act: () => void;
  readonly timer: NodeJS.Timeout;
}

export const noLeader: EtcdRefusal = new EtcdRefusal(14, 'etcdserver: no leader');
const timedOut = new EtcdRefusal(14, 'etcdserver: request timed out');

/** True when the caller would rather be refused than wait for a leader. */
export function requiresLeader(metadata: Metadata): boolean {
  return metadata.get('hasleader').includes('true');
}

export class Leadership {
  #present = true;
  readonly #waiting = new Set<Waiting>();

  get present(): boolean {
    return this.#present;
  }

  lose(): void {
    this.#present = false;
  }

  /** Lets those who waited go on, in the order in which they came. */
  regain(): void {
    this.#present = true;
    const waiting = [...this.#waiting];
    this.forget();
    for (const { act } of waiting) act();
  }

  /** Acts now if there is a leader, otherwise when there is one again; or gives up, with the reason. */
  whenPresent(act: () => void, giveUp: (reason: EtcdRefusal) => void): void {
    if (this.#present) {
      act();
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      giveUp(timedOut);
    }, attemptMs);
    const waiting: Waiting = { act, timer };
    this.#waiting.add(waiting);
  }

  /** Forgets those who wait, as a killed server does. */
  forget(): void {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }
}
