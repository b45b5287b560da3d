/** The last things that happened, in words and short: a ring that never grows. */
import type { InspectedActor } from './actors.js';
import type { InspectedSnapshot, Observation } from './observation.js';
import type { TimelineEntry } from './page/protocol.js';
import type { Plain } from './plain.js';
import { eventInWords } from './words.js';

/** So many entries are kept for viewers that come late. */
const keptMax = 500;

const textMax = 400;

/** The names of all actors that run, and what each was told last. */
interface Known {
  readonly actor: InspectedActor;
  state: string | null;
  told: Plain;
}

export class Timeline {
  #kept: TimelineEntry[] = [];
  #serial = 0;
  readonly #actors = new Map<string, Known>();

  /** All that is kept, oldest first. */
  entries(): readonly TimelineEntry[] {
    return this.#kept;
  }

  /** What came after that serial number; 0 for all that is kept. */
  since(serial: number): readonly TimelineEntry[] {
    const first = this.#kept[0]?.serial ?? 0;
    return this.#kept.slice(Math.max(0, serial - first + 1));
  }

  get lastSerial(): number {
    return this.#serial;
  }

  /** Takes in what was observed of one registry; `isNews` is false for actors that were there before. */
  note(observation: Observation, registry: number, isNews: boolean): void {
    switch (observation.type) {
      case 'actor': {
        const { actor, snapshot, at } = observation;
        this.#actors.set(actor.id, { actor, state: snapshot.state, told: null });
        if (isNews && actor.machine !== null) {
          this.#add({ at, registry, actor, kind: 'change', event: 'started', to: snapshot.state, text: '' });
        }
        if (isNews && isRequest(actor)) {
          this.#add({
            at,
            registry,
            actor,
            kind: 'request',
            event: 'asked',
            text: shortText(snapshot.input),
          });
        }
        return;
      }
      case 'event': {
        const known = this.#actors.get(observation.actorId);
        if (known?.actor.machine != null) known.told = observation.event;
        return;
      }
      case 'snapshot':
        this.#noteSnapshot(observation, registry);
        return;
      case 'missed':
        this.#actors.clear();
    }
  }

  #noteSnapshot(
    { at, actorId, cause, snapshot }: Observation & { type: 'snapshot' },
    registry: number,
  ): void {
    const known = this.#actors.get(actorId);
    if (known === undefined) return;
    const { actor, told, state } = known;
    known.state = snapshot.state;
    known.told = null;
    if (snapshot.status !== 'active') this.#actors.delete(actorId);
    if (isRequest(actor)) {
      const end = endOf(snapshot);
      if (end !== undefined) this.#add({ at, registry, actor, kind: 'request', ...end });
      return;
    }
    if (actor.machine === null) return;
    const [from, to] = difference(state, snapshot.state);
    const kind = from === to ? 'event' : 'change';
    this.#add({
      at,
      registry,
      actor,
      kind,
      event: eventInWords(cause),
      from,
      to,
      text: shortText(payloadOf(told)),
    });
  }

  #add(noted: {
    readonly at: number;
    readonly registry: number;
    readonly actor: InspectedActor;
    readonly kind: TimelineEntry['kind'];
    readonly event: string;
    readonly from?: string | null;
    readonly to?: string | null;
    readonly text: string;
  }): void {
    const { at, registry, actor, kind, event, from = null, to = null, text } = noted;
    this.#serial += 1;
    const { id: actorId, name, subject } = actor;
    this.#kept.push({
      serial: this.#serial,
      at,
      registry,
      actorId,
      name,
      subject,
      kind,
      event,
      from,
      to,
      text,
    });
    // Cut seldom, so that keeping it short costs little.
    if (this.#kept.length >= keptMax * 2) this.#kept = this.#kept.slice(-keptMax);
  }
}

/** What asks etcd: neither a machine nor the hub. */
function isRequest({ machine, name }: InspectedActor): boolean {
  return machine === null && name !== 'watchers';
}

function endOf(snapshot: InspectedSnapshot): { readonly event: string; readonly text: string } | undefined {
  switch (snapshot.status) {
    case 'done':
      return { event: 'answered', text: shortText(snapshot.output) };
    case 'error':
      return { event: 'failed', text: shortText(snapshot.error) };
    case 'stopped':
      return { event: 'dropped', text: '' };
    case 'active':
      return undefined;
  }
}

/** The regions that are in another state than before; `null` twice when none is. */
function difference(before: string | null, after: string | null): readonly [string | null, string | null] {
  if (before === after) return [null, null];
  const [old, now] = [before?.split(' & ') ?? [], after?.split(' & ') ?? []];
  const left = old.filter((region) => !now.includes(region));
  const entered = now.filter((region) => !old.includes(region));
  return [left.join(' & ') || null, entered.join(' & ') || null];
}

/** What came with an event: of an answer the answer, of a failure the failure. */
function payloadOf(event: Plain): Plain {
  if (!isRecord(event)) return event;
  const { type, ...rest } = event;
  if (typeof type === 'string' && type.startsWith('xstate.done.')) return rest['output'] ?? null;
  if (typeof type === 'string' && type.startsWith('xstate.error.')) return rest['error'] ?? null;
  return rest;
}

function shortText(value: Plain): string {
  if (value === null) return '';
  if (isRecord(value) && typeof value['message'] === 'string') {
    const kind = [value['kind'], value['name']].find((each) => typeof each === 'string') ?? 'error';
    return shortened(`${kind}: ${value['message']}`);
  }
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? rounded(each) : each));
  return text === '{}' ? '' : shortened(text);
}

function shortened(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function isRecord(value: Plain): value is { readonly [name: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
