/**
 * Lets somebody watch the actors of a running registry. What happens is noted as it happens and told afterwards, in
 * turns of their own and for a few milliseconds each: an observer that throws, hangs or dawdles delays only what it is
 * told itself, and nothing it does takes place inside a machine's step.
 */
import type { AnyActorRef, InspectionEvent } from 'xstate';
import { RegistryError } from '../errors.js';
import { type Inspected, inspectedOf } from '../inspected.js';
import type { Registry } from '../registry.js';
import {
  actorsUnder,
  configOf,
  describeActor,
  type InspectedActor,
  type RawSnapshot,
  snapshotOf,
  stateOf,
} from './actors.js';
import { type Plain, type PlainLimits, plainOf, roomy, whole } from './plain.js';
import { type SecretOptions, type Secrets, secretsFor } from './secrets.js';

/** An actor at one moment, without secrets. Lists and texts are cut to a length that people can read. */
export interface InspectedSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** A dotted path, with ` & ` between the regions of a parallel state; null for what is no machine. */
  readonly state: string | null;
  /** The state as XState writes it. */
  readonly value: Plain;
  readonly tags: readonly string[];
  readonly context: Plain;
  readonly input: Plain;
  readonly output: Plain;
  readonly error: Plain;
}

/** Something that was seen. Its parts are read when somebody looks at them, and can be written as JSON. */
export type Observation =
  /** An actor that is there, or has just started. */
  | {
      readonly type: 'actor';
      readonly at: number;
      readonly actor: InspectedActor;
      /** What the machine is made of, for those that can draw it; null for what is no machine. */
      readonly definition: Plain;
      readonly snapshot: InspectedSnapshot;
    }
  /** An event was sent to an actor. */
  | {
      readonly type: 'event';
      readonly at: number;
      readonly actorId: string;
      /** Null when it came from outside. */
      readonly sourceId: string | null;
      readonly event: Plain;
    }
  /** An actor has dealt with an event. Any status but `active` is its last. */
  | {
      readonly type: 'snapshot';
      readonly at: number;
      readonly actorId: string;
      /** The type of the event. */
      readonly cause: string;
      readonly snapshot: InspectedSnapshot;
    }
  /** The observer was too slow for so many observations; what there is now is told again as `actor`. */
  | { readonly type: 'missed'; readonly at: number; readonly count: number };

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

export interface ObservingTerms {
  readonly secrets: Secrets;
  readonly limits: PlainLimits;
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
      const observation = this.#observationOf(event);
      if (observation === undefined) return;
      const isFull = this.#missed > 0 || this.#waiting.length - this.#told >= waitingMax;
      if (isFull) this.#missed += 1;
      else this.#waiting.push(observation);
      this.#schedule();
    } catch (error) {
      this.#complain(error);
    }
  }

  #observationOf(inspection: InspectionEvent): Observation | undefined {
    const at = this.#inspected.clock.now();
    const { secrets, limits } = this.#terms;
    const actor = inspection.actorRef as AnyActorRef;
    if (inspection.type === '@xstate.snapshot') {
      const snapshot = seen(inspection.snapshot as RawSnapshot, this.#terms);
      return { type: 'snapshot', at, actorId: actor.sessionId, cause: inspection.event.type, snapshot };
    }
    if (inspection.type !== '@xstate.event') return undefined;
    const { event, sourceRef } = inspection;
    if (event.type === 'xstate.init') return this.#introduction(actor, snapshotOf(actor), at, event['input']);
    return {
      type: 'event',
      at,
      actorId: actor.sessionId,
      sourceId: sourceRef?.sessionId ?? null,
      get event() {
        return plainOf(event, secrets, limits);
      },
    };
  }

  /** A note of every actor that there is now. */
  #present(): Iterator<Observation> {
    const at = this.#inspected.clock.now();
    const found = [...actorsUnder(this.#inspected.root)].map((actor) => [actor, snapshotOf(actor)] as const);
    const introduce = ([actor, snapshot]: (typeof found)[number]): Observation =>
      this.#introduction(actor, snapshot, at, undefined);
    return (function* () {
      for (const each of found) yield introduce(each);
    })();
  }

  #introduction(actor: AnyActorRef, snapshot: RawSnapshot, at: number, input: unknown): Observation {
    const { secrets } = this.#terms;
    return {
      type: 'actor',
      at,
      get actor() {
        const described = describeActor(actor, snapshot);
        const { subject } = described;
        return { ...described, subject: subject === null ? null : secrets.withoutSecrets(subject) };
      },
      get definition() {
        return plainOf(configOf(actor), secrets, whole);
      },
      snapshot: seen(snapshot, this.#terms, input),
    };
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

/** A snapshot that is read only if somebody looks. */
function seen(raw: RawSnapshot, terms: ObservingTerms, input: unknown = raw.input): InspectedSnapshot {
  const plain = (value: unknown): Plain => plainOf(value, terms.secrets, terms.limits);
  return {
    status: raw.status,
    state: stateOf(raw),
    get value() {
      return plain(raw.value);
    },
    get tags() {
      return [...(raw.tags ?? [])];
    },
    get context() {
      return plain(raw.context);
    },
    get input() {
      return plain(input);
    },
    get output() {
      return plain(raw.output);
    },
    get error() {
      return plain(raw.error);
    },
  };
}
