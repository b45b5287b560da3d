/** What an observer is told: plain, without secrets, and copied only if somebody looks at it. */
import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { Secrets } from '../secrets.js';
import {
  configOf,
  describeActor,
  type InspectedActor,
  type RawSnapshot,
  snapshotOf,
  stateOf,
} from './actors.js';
import { type Plain, type PlainLimits, plainOf, whole } from './plain.js';

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

/** What is hidden, and how much of each value is copied. */
export interface Terms {
  readonly secrets: Secrets;
  readonly limits: PlainLimits;
}

/** What an inspection event of XState means; undefined for what is of no interest. */
export function observationOf(
  inspection: InspectionEvent,
  at: number,
  terms: Terms,
): Observation | undefined {
  const actor = inspection.actorRef as AnyActorRef;
  if (inspection.type === '@xstate.snapshot') {
    const snapshot = seen(inspection.snapshot as RawSnapshot, terms);
    return { type: 'snapshot', at, actorId: actor.sessionId, cause: inspection.event.type, snapshot };
  }
  if (inspection.type !== '@xstate.event') return undefined;
  const { event, sourceRef } = inspection;
  if (event.type === 'xstate.init')
    return introductionOf(actor, snapshotOf(actor), at, terms, event['input']);
  return {
    type: 'event',
    at,
    actorId: actor.sessionId,
    sourceId: sourceRef?.sessionId ?? null,
    get event() {
      return plainOf(event, terms.secrets, terms.limits);
    },
  };
}

/** An actor that is there, as it was with this snapshot. */
export function introductionOf(
  actor: AnyActorRef,
  snapshot: RawSnapshot,
  at: number,
  terms: Terms,
  input?: unknown,
): Observation {
  const { secrets } = terms;
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
    snapshot: seen(snapshot, terms, input),
  };
}

/** A snapshot that is read only if somebody looks. */
function seen(raw: RawSnapshot, terms: Terms, input: unknown = raw.input): InspectedSnapshot {
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
