/** Introduces machines and adapters to each other; the only file that knows both. */
import {
  type Actor,
  type ActorOptions,
  type ActorRefFrom,
  type AnyActorRef,
  createActor,
  toPromise,
} from 'xstate';
import {
  connectionMachine,
  type FailureFact,
  failureOf,
  leaseMachine,
  type Registration,
  type RegistryCommand,
  type RegistryNews,
  type RequestPort,
  registryMachine,
  sweep,
  type WatcherHubNews,
  watcherHub,
  watcherMachine,
} from '../machines/index.js';
import { watchClock } from './clock-jumps.js';
import { jitteredDelays } from './delays.js';
import type { EtcdPorts } from './etcd/ports.js';
import type { EtcdSettings } from './etcd/settings.js';
import { observeStates, type StateChange } from './state-changes.js';
import { realWorld, type World } from './world.js';

/** All actors that a machine asks for; leaving one out does not compile. */
type Ports<Machine extends { provide: (implementations: never) => unknown }> = Required<
  NonNullable<Parameters<Machine['provide']>[0]['actors']>
>;

/** What the machines have to know. */
export interface EngineSettings extends EtcdSettings {
  readonly endpoints: readonly string[];
  readonly ttlSeconds: number;
  readonly auditIntervalMs: number;
  readonly closeTimeoutMs: number;
  readonly emptyProtectionMs: number;
}

type RegistrySnapshot = ReturnType<Actor<typeof registryMachine>['getSnapshot']>;

/** The running machines, as the facade sees them: commands in, news out, and a look at their state. */
export interface Engine {
  send(command: RegistryCommand): void;
  watch(prefix: string): void;
  unwatch(prefix: string): void;
  /** What the registry machine knows about one key; undefined when it is neither wanted nor being withdrawn. */
  registration(key: string): Registration | undefined;
  /** What the registry machine knows now, its children included; copies a map of all watchers. */
  snapshot(): EngineSnapshot;
  /** Hears of every state change of every machine from now on. Returns what ends it. */
  onStateChange(listener: (change: StateChange) => void): () => void;
  /** Resolves when the registry machine has ended; with the failure if it did so by itself. */
  readonly ended: Promise<FailureFact | null>;
  /** Grants a lease beside the registry's own, which nobody renews. Rejects with a failure, as {@link FailureFact}. */
  grantLease(ttlSeconds: number): Promise<string>;
  revokeLease(leaseId: string): Promise<void>;
  /** The registry machine, for inspection only. */
  readonly root: AnyActorRef;
  /** Stops everything at once, whatever is under way. */
  stop(): void;
}

/** The state of every machine at one moment. */
export interface EngineSnapshot {
  readonly registry: RegistrySnapshot;
  readonly connection: ReturnType<ActorRefFrom<typeof connectionMachine>['getSnapshot']>;
  readonly lease: ReturnType<ActorRefFrom<typeof leaseMachine>['getSnapshot']>;
  readonly watchers: ReadonlyMap<string, ReturnType<ActorRefFrom<typeof watcherMachine>['getSnapshot']>>;
}

export interface EngineListeners {
  readonly onNews: (news: RegistryNews) => void;
  readonly onWatcherNews: (news: WatcherHubNews) => void;
}

/** Builds the machines around the adapters and starts them. The listeners must not throw. */
export function startEngine(
  settings: EngineSettings,
  listeners: EngineListeners,
  world: World = realWorld,
): Engine {
  const ports = world.connect(settings);
  const { endpoints, ttlSeconds } = settings;
  const actor = createActor(registryWith(ports, settings, world), {
    clock: world.clock as Required<ActorOptions<typeof registryMachine>>['clock'],
    input: { endpoints, ttlSeconds, leaseSeed: randomLeaseSeed(world.random) },
  });
  const ended = endOf(actor);
  actor.on('*', listeners.onNews);
  actor.start();
  const { connection, lease, watchers } = actor.getSnapshot().children;
  if (connection === undefined || lease === undefined || watchers === undefined) {
    throw new TypeError('the registry machine did not start its children');
  }
  watchers.on('*', listeners.onWatcherNews);
  return {
    send: (command) => actor.send(command),
    watch: (prefix) => watchers.send({ type: 'hub.watch', prefix }),
    unwatch: (prefix) => watchers.send({ type: 'hub.unwatch', prefix }),
    registration: (key) => actor.getSnapshot().context.registrations.get(key),
    snapshot: () => ({
      registry: actor.getSnapshot(),
      connection: connection.getSnapshot(),
      lease: lease.getSnapshot(),
      watchers: new Map(
        [...watchers.getSnapshot().context.watched].map(([prefix, { ref }]) => [prefix, ref.getSnapshot()]),
      ),
    }),
    onStateChange: (listener) => observeStates(actor, listener),
    grantLease: (seconds) => grantedLease(ports, seconds, world.random),
    revokeLease: (leaseId) => answerOf(ports.revokeLease, { leaseId }),
    ended,
    root: actor,
    stop: () => {
      actor.stop();
      ports.close();
    },
  };
}

/** Resolves when the registry machine has ended, with what it failed with; then nothing of it runs any more. */
function endOf(actor: Actor<typeof registryMachine>): Promise<FailureFact | null> {
  return new Promise((resolve) => {
    actor.subscribe({
      complete: () =>
        resolve(actor.getSnapshot().value.life === 'failed' ? actor.getSnapshot().context.lastError : null),
      error: (thrown) => {
        sweep(actor);
        resolve(failureOf(thrown));
      },
    });
  });
}

async function grantedLease(
  { grantLease }: EtcdPorts,
  ttlSeconds: number,
  random: () => number,
): Promise<string> {
  const leaseId = randomLeaseSeed(random);
  await answerOf(grantLease, { leaseId, ttlSeconds });
  return leaseId;
}

/** Asks a port outside of any machine. */
function answerOf<Output, Input>(port: RequestPort<Output, Input>, input: Input): Promise<Output> {
  const actor = createActor(port, { input } as never);
  const answer = toPromise(actor) as Promise<Output>;
  actor.start();
  return answer.catch((thrown: unknown) => {
    throw failureOf(thrown);
  });
}

function registryWith(
  ports: EtcdPorts,
  settings: EngineSettings,
  { random, clock }: World,
): typeof registryMachine {
  const delays = jitteredDelays(settings, random);
  const { probeCluster, confirmLink, followLink } = ports;
  const connection = connectionMachine.provide({
    actors: { probeCluster, confirmLink, followLink } satisfies Ports<typeof connectionMachine>,
    delays: delays.connection,
  });
  const { grantLease, renewLease, revokeLease } = ports;
  const lease = leaseMachine.provide({
    actors: { grantLease, renewLease, revokeLease } satisfies Ports<typeof leaseMachine>,
    delays: delays.lease,
  });
  const { listPrefix, watchPrefix, verifyPrefix } = ports;
  const watcher = watcherMachine.provide({
    actors: { listPrefix, watchPrefix, verifyPrefix } satisfies Ports<typeof watcherMachine>,
    delays: delays.watcher,
  });
  const watchers = watcherHub(watcher);
  const { openFence, writeBatches, readLease, watchOwnKeys } = ports;
  return registryMachine.provide({
    actors: {
      connection,
      lease,
      watchers,
      openFence,
      writeBatches,
      readLease,
      watchOwnKeys,
      watchClock: watchClock(clock),
    } satisfies Ports<typeof registryMachine>,
    delays: delays.registry,
  });
}

/** A random positive int64 as decimal text; etcd accepts any, and two processes will not meet. */
function randomLeaseSeed(random: () => number): string {
  const high = BigInt(Math.floor(random() * 0x7fff_ffff));
  const low = BigInt(Math.floor(random() * 0x1_0000_0000));
  return ((high << 32n) | low).toString();
}
