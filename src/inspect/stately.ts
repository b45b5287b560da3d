/**
 * Shows registries in the Stately inspector: hands what happens, without secrets, to an inspector of @statelyai/inspect.
 * That package is the user's own, for development; nothing of it is needed here.
 */
import type { Registry } from '../registry.js';
import type { SecretOptions } from '../secrets.js';
import type { InspectedActor } from './actors.js';
import type { InspectedSnapshot, Observation } from './observation.js';
import { observe } from './observe.js';
import type { Plain } from './plain.js';

/** What `createWebSocketInspector` of @statelyai/inspect returns, as far as it is needed. */
export interface StatelyInspector {
  readonly adapter: { send(message: never): void };
}

/** The version of the messages. */
const messageVersion = '0.7.2';

/**
 * Tells the inspector every actor of these registries, with its machine, and from then on what happens to it. Actors
 * that only pass messages on, and events without a machine, are left out. Returns what ends it.
 */
export function showInStately(
  registries: Registry | readonly Registry[],
  inspector: StatelyInspector,
  options: SecretOptions = {},
): () => void {
  const all = Array.isArray(registries) ? (registries as readonly Registry[]) : [registries as Registry];
  const send = (message: object): void => inspector.adapter.send(message as never);
  const ends = all.map((registry, index) => {
    const translator = new Translator(all.length > 1 ? ` ${index + 1}` : '');
    return observe(
      registry,
      (observation) => {
        for (const message of translator.messagesFor(observation)) send(message);
      },
      options,
    );
  });
  return () => {
    for (const end of ends) end();
  };
}

/** Turns observations of one registry into the inspector's messages. */
class Translator {
  readonly #suffix: string;
  readonly #shown = new Map<string, InspectedActor>();
  #rootId: string | undefined;

  constructor(suffix: string) {
    this.#suffix = suffix;
  }

  messagesFor(observation: Observation): readonly object[] {
    switch (observation.type) {
      case 'actor':
        return this.#introduction(observation);
      case 'event': {
        const { actorId, sourceId, event } = observation;
        if (this.#shown.get(actorId)?.machine == null) return [];
        return [{ ...this.#envelope('@xstate.event', actorId, observation.at), sourceId, event }];
      }
      case 'snapshot': {
        const { actorId, cause, at } = observation;
        if (!this.#shown.has(actorId)) return [];
        const snapshot = snapshotOf(observation.snapshot);
        if (snapshot['status'] !== 'active') this.#shown.delete(actorId);
        return [{ ...this.#envelope('@xstate.snapshot', actorId, at), event: { type: cause }, snapshot }];
      }
      case 'missed':
        this.#shown.clear();
        return [];
    }
  }

  #introduction({ actor, definition, snapshot, at }: Observation & { type: 'actor' }): readonly object[] {
    this.#rootId ??= actor.id;
    this.#shown.set(actor.id, actor);
    return [
      {
        ...this.#envelope('@xstate.actor', actor.id, at),
        name: `${actor.subject ?? actor.name}${this.#suffix}`,
        parentId: actor.parentId ?? undefined,
        definition: JSON.stringify(definition ?? { id: actor.name }),
        snapshot: snapshotOf(snapshot),
      },
    ];
  }

  #envelope(type: string, sessionId: string, at: number): object {
    return {
      type,
      sessionId,
      rootId: this.#rootId,
      id: null,
      createdAt: String(at),
      _version: messageVersion,
    };
  }
}

function snapshotOf({
  status,
  value,
  tags,
  context,
  input,
  output,
  error,
}: InspectedSnapshot): Record<string, Plain> {
  const all = { status, value, tags, context, input, output, error };
  const known = Object.entries(all).filter(([, part]) => part !== null);
  return { children: {}, ...Object.fromEntries(known) };
}
