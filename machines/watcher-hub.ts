/**
 * Supervises the watchers: one per prefix, shared by everybody who watches it. Plain transition logic instead of a
 * machine, because a machine copies its list of children at every start and stop, which costs quadratic time.
 *
 * Invariants:
 *  1. A prefix has at most one watcher, and has one as long as somebody watches it.
 *  2. A watcher that crashed is reported and started again; its neighbours notice nothing. What is started again, for
 *     this reason or another, knows what the ended one told, and does not contradict it.
 *  3. A prefix that etcd denied is asked for again by the next who watches it, on the next link, and now and then.
 *  4. When the hub ends, by a command or by force, no watcher, stream or timer is left.
 */
import {
  type ActorLogic,
  type ActorRefFrom,
  type ActorSystem,
  type AnyActorRef,
  createActor,
  fromTransition,
  type TransitionSnapshot,
} from 'xstate';
import { type FailureFact, failureOf } from './failure.js';
import type { ConnectionUp, LinkNews } from './link.js';
import { sweep } from './sweep.js';
import { watcherMachine } from './watcher.js';
import type { WatcherEvent, WatcherNews, WatcherPast } from './watcher-setup.js';

export type WatcherHubCommand =
  | LinkNews
  | { readonly type: 'hub.watch'; readonly prefix: string }
  | { readonly type: 'hub.unwatch'; readonly prefix: string }
  /** Time to ask again for what was denied. */
  | { readonly type: 'hub.retry' }
  | { readonly type: 'hub.close' };

/** XState tells it to an actor that is being stopped. */
type Stop = { readonly type: 'xstate.stop' };

type ChildEnd =
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: unknown }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown };

type HubEvent = WatcherHubCommand | WatcherNews | ChildEnd | Stop;

/** What the hub tells its listeners: all that its watchers tell, and crashes. */
export type WatcherHubNews =
  | WatcherNews
  | { readonly type: 'watcher.crashed'; readonly prefix: string; readonly failure: FailureFact };

interface Watched {
  readonly ref: ActorRefFrom<typeof watcherMachine>;
  readonly actorId: string;
  readonly crashes: number;
  users: number;
}

export interface WatcherHubState {
  /** Mutable on purpose: the hub is not explored as a graph, and a copy per change would cost what the hub saves. */
  readonly watched: Map<string, Watched>;
  /** The prefixes of watchers by the actor's id, because an actor that ends says no more. */
  readonly prefixes: Map<string, string>;
  readonly link: { readonly epoch: number; readonly history: number } | null;
  readonly started: number;
}

/** The logic of the hub, as an actor. */
export type WatcherHubLogic = ActorLogic<
  TransitionSnapshot<WatcherHubState>,
  WatcherHubCommand,
  undefined,
  // biome-ignore lint/suspicious/noExplicitAny: the actor system's type is open in XState itself.
  ActorSystem<any>,
  WatcherHubNews
>;

/** A crashed watcher is started again this often before its prefix is given up. */
const restartLimit = 5;

/** Builds the hub around the watcher to start per prefix; src/compose.ts passes one with its ports filled. */
export function watcherHub(watcher: typeof watcherMachine = watcherMachine): WatcherHubLogic {
  const logic = fromTransition<WatcherHubState, HubEvent, never, undefined, WatcherHubNews>(
    (state, event, scope) => afterEvent({ watcher, state, scope }, event),
    () => ({ watched: new Map(), prefixes: new Map(), link: null, started: 0 }),
  );
  return logic as unknown as WatcherHubLogic;
}

/** One step of the hub. */
interface Step {
  readonly watcher: typeof watcherMachine;
  readonly state: WatcherHubState;
  readonly scope: {
    readonly self: unknown;
    readonly defer: (run: () => void) => void;
    readonly emit: (news: WatcherHubNews) => void;
    readonly stopChild: (child: AnyActorRef) => void;
  };
}

function afterEvent(step: Step, event: HubEvent): WatcherHubState {
  const { state, scope } = step;
  const { watched } = state;
  switch (event.type) {
    case 'hub.watch': {
      const known = watched.get(event.prefix);
      const users = (known?.users ?? 0) + 1;
      if (known === undefined || hasEnded(known)) return started(step, event.prefix, users, 0);
      known.users = users;
      return { ...state };
    }
    case 'hub.unwatch': {
      const known = watched.get(event.prefix);
      return known === undefined ? state : left(step, event.prefix, known);
    }
    case 'hub.retry':
      return afterRetry(step);
    case 'hub.close':
      for (const known of watched.values()) tell(known, { type: 'watcher.close' });
      watched.clear();
      return { ...state };
    case 'xstate.stop':
      for (const { ref } of watched.values()) scope.stopChild(ref);
      watched.clear();
      state.prefixes.clear();
      return { ...state };
    case 'connection.up':
      return afterLink(step, event);
    case 'connection.down':
      for (const known of watched.values()) tell(known, event);
      return { ...state, link: null };
    default:
      if (event.type.startsWith('xstate.')) return afterEnd(step, event as ChildEnd);
      scope.emit(event as WatcherNews);
      return state;
  }
}

function left({ state }: Step, prefix: string, known: Watched): WatcherHubState {
  known.users -= 1;
  if (known.users > 0) return { ...state };
  state.watched.delete(prefix);
  tell(known, { type: 'watcher.close' });
  return { ...state };
}

function afterRetry(step: Step): WatcherHubState {
  let { state } = step;
  for (const [prefix, { ref, users }] of state.watched) {
    if (ref.getSnapshot().value === 'denied') state = started({ ...step, state }, prefix, users, 0);
  }
  return state;
}

function afterLink(step: Step, up: ConnectionUp): WatcherHubState {
  let state: WatcherHubState = { ...step.state, link: { epoch: up.epoch, history: up.history } };
  for (const [prefix, known] of state.watched) {
    if (hasEnded(known)) state = started({ ...step, state }, prefix, known.users, 0);
    else tell(known, up);
  }
  return state;
}

/** A watcher crashed, or ended as `failed`: report it and start the prefix again, unless it keeps failing. */
function afterEnd(step: Step, end: ChildEnd): WatcherHubState {
  const { state, scope } = step;
  const prefix = state.prefixes.get(end.actorId);
  state.prefixes.delete(end.actorId);
  const known = prefix === undefined ? undefined : state.watched.get(prefix);
  if (prefix === undefined || known?.actorId !== end.actorId) return state;
  const { ref, users, crashes } = known;
  if ('error' in end) sweep(ref);
  const failure = 'error' in end ? failureOf(end.error) : ref.getSnapshot().context.lastError;
  if (failure === null || failure.kind === 'denied') return state;
  scope.emit({ type: 'watcher.crashed', prefix, failure });
  return crashes < restartLimit ? started(step, prefix, users, crashes + 1) : state;
}

function started(step: Step, prefix: string, users: number, crashes: number): WatcherHubState {
  const { watcher, state, scope } = step;
  const actorId = `watcher#${state.started + 1}`;
  const parentRef = scope.self as AnyActorRef;
  const ended = state.watched.get(prefix);
  const past = ended === undefined ? {} : { past: pastOf(ended) };
  const ref = createActor(watcher, {
    parent: parentRef,
    id: actorId,
    input: { prefix, link: state.link, parentRef, ...past },
  });
  state.watched.set(prefix, { ref, actorId, users, crashes });
  state.prefixes.set(actorId, prefix);
  scope.defer(() => {
    ref.start();
  });
  return { ...state, started: state.started + 1 };
}

/** Its watcher was denied, or crashed too often; the next who watches it, or the next link, has it ask again. */
function hasEnded({ ref }: Watched): boolean {
  return ref.getSnapshot().status !== 'active';
}

/** One that crashed while it was live had no time to note what it had told. */
function pastOf({ ref }: Watched): WatcherPast {
  const snapshot = ref.getSnapshot();
  const { history, listedUnder, revision, size, told } = snapshot.context;
  return { history, listedUnder, revision, size, told: snapshot.hasTag('live') ? { size, history } : told };
}

function tell(known: Watched, event: WatcherEvent): void {
  if (!hasEnded(known)) known.ref.send(event);
}
