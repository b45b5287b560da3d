/** What one transition of a machine leads to and asks of the world, as plain data and as the lines that scenarios show. */
import type { AnyActorRef, ExecutableActionObject } from 'xstate';

/** In the order in which the machine asks for them. */
export type Effect =
  /** An actor is started: a port is asked, or a child machine begins. */
  | { readonly type: 'ask'; readonly port: string; readonly source: unknown; readonly input: unknown }
  /** An actor is stopped. */
  | { readonly type: 'drop'; readonly port: string }
  /** A timer is set; `id` names it until it fires or is cancelled. */
  | {
      readonly type: 'wait';
      readonly delay: string;
      readonly ms: number;
      readonly id: string;
      readonly event: EventLike;
    }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'tell'; readonly to: string; readonly event: EventLike }
  | { readonly type: 'emit'; readonly event: EventLike }
  /** An action that XState leaves to the machine's owner. */
  | { readonly type: 'do'; readonly action: string; readonly params: unknown };

export interface EventLike {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What `transition` or `initialTransition` listed, in the order in which it takes effect. What begins and ends in one
 * step never runs, and is left out.
 */
export function effectsOf(actions: readonly ExecutableActionObject[]): readonly Effect[] {
  const effects: Effect[] = [];
  for (const action of actions) {
    const effect = effectOf(action);
    if (effect === undefined) continue;
    const begun = effects.findIndex((earlier) => isUndoneBy(earlier, effect));
    if (begun === -1) effects.push(effect);
    else effects.splice(begun, 1);
  }
  return inOrderOfEffect(effects);
}

/** A message to an actor that is only started later in the step waits for the start. */
function inOrderOfEffect(effects: readonly Effect[]): readonly Effect[] {
  const isEarly = effects.map((effect, index) => {
    if (effect.type !== 'tell') return false;
    const next = effects.slice(index).find((other) => isAbout(other, effect.to));
    return next?.type === 'ask';
  });
  return effects.flatMap((effect, index) => {
    if (isEarly[index] === true) return [];
    if (effect.type !== 'ask') return [effect];
    return [effect, ...effects.filter((other, at) => at < index && isEarly[at] && isTo(other, effect.port))];
  });
}

/** The start or the stop of an actor. */
function isAbout(effect: Effect, port: string): boolean {
  return (effect.type === 'ask' || effect.type === 'drop') && effect.port === port;
}

function isTo(effect: Effect, port: string): boolean {
  return effect.type === 'tell' && effect.to === port;
}

/** As a line of a scenario; undefined for what scenarios do not show. */
export function lineOf(effect: Effect): string | undefined {
  switch (effect.type) {
    case 'ask':
      return `ask ${effect.port}${trailing(effect.input)}`;
    case 'drop':
      return `drop ${effect.port}`;
    case 'wait':
      return `wait ${effect.delay} ${effect.ms}ms`;
    case 'tell':
      return `tell ${effect.to} ${plainText(effect.event)}`;
    case 'emit':
      return `emit ${plainText(effect.event)}`;
    case 'do':
      return `do ${effect.action}${trailing(effect.params)}`;
    case 'cancel':
      return undefined;
  }
}

/** As JSON: maps as objects, sets as lists, errors by their message, references to actors left out. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, plain) ?? 'undefined';
}

/** A state value as a dotted path; the regions of a parallel state are joined by ` & `. */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const paths = Object.entries(value).map(([state, inner]) => [state, statePath(inner)]);
  return paths.map((path) => path.filter((step) => step !== '').join('.')).join(' & ');
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Error)
    return 'kind' in value ? { kind: value.kind, message: value.message } : value.message;
  return isReference(value) ? undefined : value;
}

/** An actor's own JSON form carries this mark. */
function isReference(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'xstate$$type' in value;
}

function trailing(value: unknown): string {
  const text = value === undefined ? '{}' : plainText(value);
  return text === '{}' ? '' : ` ${text}`;
}

function isUndoneBy(earlier: Effect, later: Effect): boolean {
  if (earlier.type === 'ask') return later.type === 'drop' && later.port === earlier.port;
  return earlier.type === 'wait' && later.type === 'cancel' && later.id === earlier.id;
}

interface ActionParams {
  readonly id?: string;
  readonly sendId?: string;
  readonly src?: unknown;
  readonly input?: unknown;
  readonly delay?: number;
  readonly event?: EventLike;
  readonly to?: AnyActorRef;
  readonly targetId?: string;
}

function effectOf({ type, params: given }: ExecutableActionObject): Effect | undefined {
  const params = (given ?? {}) as ActionParams;
  switch (type) {
    case 'xstate.spawnChild':
      return { type: 'ask', port: params.id ?? '', source: params.src, input: params.input };
    case 'xstate.stopChild':
      return { type: 'drop', port: (given as AnyActorRef).id };
    case 'xstate.raise':
      return waitOf(params);
    case 'xstate.cancel':
      return { type: 'cancel', id: params.sendId ?? '' };
    case 'xstate.sendTo':
      return (
        params.event && { type: 'tell', to: params.targetId ?? params.to?.id ?? '', event: params.event }
      );
    case 'xstate.emit':
      return params.event && { type: 'emit', event: params.event };
    default:
      return { type: 'do', action: type, params: given };
  }
}

/** Events raised without a delay are part of the step itself. */
function waitOf({ event, delay, id }: ActionParams): Effect | undefined {
  if (event === undefined || delay === undefined) return undefined;
  return { type: 'wait', delay: delayNameOf(event.type), ms: delay, id: id ?? event.type, event };
}

/** XState names the event of a delayed transition `xstate.after.<delay>.<state>`. */
function delayNameOf(eventType: string): string {
  return /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1] ?? eventType;
}
