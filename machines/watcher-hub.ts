/**
 * Supervises the watchers: one per prefix, shared by everybody who watches it. Plain transition logic instead of a
 * machine, because a machine copies its list of children at every start and stop, which costs quadratic time.
 *
 * Invariants:
 *  1. A prefix has at most one watcher, and has one as long as somebody watches it.
 *  2. A watcher that crashed is reported and started again; its neighbours notice nothing.
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
import type { LinkNews } from './link.js';
import { watcherMachine } from './watcher.js';
import type { WatcherNews } from './watcher-setup.js';

export type WatcherHubCommand =
  | LinkNews
  | { readonly type: 'hub.watch'; readonly prefix: string }
  | { readonly type: 'hub.unwatch'; readonly prefix: string }
  | { readonly type: 'hub.close' };

type ChildEnd =
  | { readonly type: `xstate.done.actor.${string}`; readonly actorId: string; readonly output: unknown }
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown };

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
  const logic = fromTransition<
    WatcherHubState,
    WatcherHubCommand | WatcherNews | ChildEnd,
    never,
    undefined,
    WatcherHubNews
  >(
    (state, event, scope) => {
      const { watched } = state;
      const start = (prefix: string, users: number, crashes: number): WatcherHubState => {
        const actorId = `watcher#${state.started + 1}`;
        const parentRef = scope.self as unknown as AnyActorRef;
        const ref = createActor(watcher, {
          parent: parentRef,
          id: actorId,
          input: { prefix, link: state.link, parentRef },
        });
        watched.set(prefix, { ref, actorId, users, crashes });
        scope.defer(() => {
          ref.start();
        });
        return { ...state, started: state.started + 1 };
      };
      switch (event.type) {
        case 'hub.watch': {
          const known = watched.get(event.prefix);
          if (known === undefined) return start(event.prefix, 1, 0);
          known.users += 1;
          return { ...state };
        }
        case 'hub.unwatch': {
          const known = watched.get(event.prefix);
          if (known === undefined) return state;
          known.users -= 1;
          if (known.users > 0) return { ...state };
          watched.delete(event.prefix);
          known.ref.send({ type: 'watcher.close' });
          return { ...state };
        }
        case 'hub.close': {
          for (const { ref } of watched.values()) ref.send({ type: 'watcher.close' });
          watched.clear();
          return { ...state };
        }
        case 'connection.up': {
          const link = { epoch: event.epoch, history: event.history };
          for (const { ref } of watched.values()) ref.send(event);
          return { ...state, link };
        }
        case 'connection.down': {
          for (const { ref } of watched.values()) ref.send(event);
          return { ...state, link: null };
        }
        default: {
          if (event.type.startsWith('watcher.')) {
            scope.emit(event as WatcherNews);
            return state;
          }
          return ended(event as ChildEnd);
        }
      }

      /** A watcher crashed, or ended as `failed`: report it and start the prefix again, unless it keeps failing. */
      function ended(end: ChildEnd): WatcherHubState {
        const found = [...watched].find(([, entry]) => entry.actorId === end.actorId);
        if (found === undefined) return state;
        const [prefix, entry] = found;
        const failure = 'error' in end ? failureOf(end.error) : entry.ref.getSnapshot().context.lastError;
        if (failure === null || failure.kind === 'denied') return state;
        scope.emit({ type: 'watcher.crashed', prefix, failure });
        return entry.crashes < restartLimit ? start(prefix, entry.users, entry.crashes + 1) : state;
      }
    },
    () => ({ watched: new Map(), link: null, started: 0 }),
  );
  return logic as unknown as WatcherHubLogic;
}
