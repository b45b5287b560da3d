/**
 * Lets somebody watch the actors of a running registry. What happens is noted as it happens and told afterwards, in
 * turns of their own and for a few milliseconds each: an observer that throws, hangs or dawdles delays only what it is
 * told itself, and nothing it does takes place inside a machine's step.
 */
import type { InspectionEvent } from 'xstate';
import { RegistryError } from '../errors.js';
import { type Inspected, inspectedOf } from '../inspected.js';
import type { Registry } from '../registry.js';
import { type SecretOptions, type Secrets, secretsFor } from '../secrets.js';
import { actorsUnder, snapshotOf } from './actors.js';
import { introductionOf, type Observation, observationOf, type Terms } from './observation.js';
import { roomy } from './plain.js';

export type Observer = (observation: Observation) => unknown;

export interface ObserveOptions extends SecretOptions {
  /** Hears what the observer threw first. @defaultValue the registry's event `listenerError` */
  readonly onError?: (error: unknown) => void;
}

/** Observations wait for a slow observer up to this many. */
const waitingMax = 10_000;

/** An observer gets this long in a turn of the event loop; at least one observation is told. */
const turnMsMax = 5;

/**
 * Tells the observer all actors that there are now, parents first, then everything that happens to them, in order.
 * Returns what ends it; after that the observer is not called again. Observing has no influence on the registry.
 */
export function observe(registry: Registry, observer: Observer, options: ObserveOptions = {}): () => void {
  const inspected = requireInspected(registry);
  const secrets = secretsOf(inspected, options);
  return observeActors(inspected, observer, { secrets, limits: roomy, report: options.onError });
}

/** {@link observe} with a say in how much of each value is copied. */
export function observeActors(inspected: Inspected, observer: Observer, terms: ObservingTerms): () => void {
  const observing = new Observing(inspected, observer, terms);
  return () => observing.end();
}

export interface ObservingTerms extends Terms {
  readonly report?: ((error: unknown) => void) | undefined;
}

/** The way to the registry's actors; throws for what was not made by {@link createRegistry}. */
export function requireInspected(registry: Registry): Inspected {
  const inspected = inspectedOf(registry);
  if (inspected !== undefined) return inspected;
  const reason = 'it was not made by createRegistry of this copy of leasehold';
  throw new RegistryError(
    'INVALID_OPTION',
    `cannot inspect the registry: ${reason}; pass a registry itself`,
    {
      option: 'registry',
      reason,
    },
  );
}

export function secretsOf(inspected: Inspected, options: SecretOptions): Secrets {
  return secretsFor({ ...options, secrets: [...inspected.secrets, ...(options.secrets ?? [])] });
}

class Observing {
  readonly #inspected: Inspected;
  readonly #observer: Observer;
  readonly #terms: ObservingTerms;
  readonly #unsubscribe: () => void;
  /** The actors that were there when it began; as many as there are, but not more. */
  #known: Iterator<Observation>;
  #waiting: Observation[] = [];
  /** How many of those that wait have been told already. */
  #told = 0;
  #missed = 0;
  #takeBack: (() => void) | undefined;
  #hasThrown = false;
  #isEnded = false;

  constructor(inspected: Inspected, observer: Observer, terms: ObservingTerms) {
    this.#inspected = inspected;
    this.#observer = observer;
    this.#terms = terms;
    const subscription = inspected.root.system.inspect((event) => this.#note(event));
    this.#unsubscribe = () => subscription.unsubscribe();
    this.#known = this.#present();
    this.#schedule();
  }

  end(): void {
    this.#isEnded = true;
    this.#unsubscribe();
    this.#takeBack?.();
    this.#waiting = [];
    this.#missed = 0;
  }

  /** Called inside the machines' steps: takes a note and nothing else. */
  #note(event: InspectionEvent): void {
    try {
      const observation = observationOf(event, this.#inspected.clock.now(), this.#terms);
      if (observation === undefined) return;
      const isFull = this.#missed > 0 || this.#waiting.length - this.#told >= waitingMax;
      if (isFull) this.#missed += 1;
      else this.#waiting.push(observation);
      this.#schedule();
    } catch (error) {
      this.#complain(error);
    }
  }

  /** A note of every actor that there is now. */
  #present(): Iterator<Observation> {
    const at = this.#inspected.clock.now();
    const found = [...actorsUnder(this.#inspected.root)].map((actor) => [actor, snapshotOf(actor)] as const);
    const terms = this.#terms;
    return (function* () {
      for (const [actor, snapshot] of found) yield introductionOf(actor, snapshot, at, terms);
    })();
  }

  #schedule(): void {
    if (this.#isEnded) return;
    this.#takeBack ??= this.#inspected.clock.soon(() => {
      this.#takeBack = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const began = performance.now();
    for (;;) {
      const observation = this.#next();
      if (observation === undefined) return;
      this.#show(observation);
      if (performance.now() - began >= turnMsMax) break;
    }
    this.#schedule();
  }

  #next(): Observation | undefined {
    if (this.#isEnded) return undefined;
    const { done, value } = this.#known.next();
    if (done !== true) return value;
    const next = this.#waiting[this.#told];
    if (next === undefined) return this.#gap();
    this.#told += 1;
    if (this.#told === this.#waiting.length) {
      this.#waiting = [];
      this.#told = 0;
    }
    return next;
  }

  /** What was dropped is made good by telling anew what there is. */
  #gap(): Observation | undefined {
    const count = this.#missed;
    if (count === 0) return undefined;
    this.#missed = 0;
    this.#known = this.#present();
    return { type: 'missed', at: this.#inspected.clock.now(), count };
  }

  #show(observation: Observation): void {
    try {
      const answer = this.#observer(observation);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#complain(error));
    } catch (error) {
      this.#complain(error);
    }
  }

  /** An observer that throws is likely to do so again, and nobody wants to read that twice. */
  #complain(error: unknown): void {
    if (this.#hasThrown) return;
    this.#hasThrown = true;
    try {
      (this.#terms.report ?? this.#inspected.report)(error);
    } catch {
      // Whoever wants to hear of errors has to be able to.
    }
  }
}
