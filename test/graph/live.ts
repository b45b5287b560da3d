/**
 * Walks a machine's graph on live actors: ports answer when the path says so, and the clock fires the timer that the
 * path names, in whatever order. Whoever was given up answers nevertheless, late, and must not be heard.
 */
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
} from 'xstate';
import { Failure, request, stream } from '../../machines/index.js';
import type { GraphState, MachineGraph, Move } from '../../src/testing/index.js';

/** One question on its way, or one stream that is open. */
export interface Ask {
  readonly port: string;
  readonly input: unknown;
  open: boolean;
  answer(output: unknown): void;
  fail(error: unknown): void;
  send(fact: EventObject): void;
}

/** What a live machine has asked of the world. */
export class World {
  readonly asks: Ask[] = [];
  readonly timers = new Map<number, { readonly ms: number; readonly fire: () => void }>();
  readonly #delays: readonly string[];
  #lastTimer = 0;

  constructor(machine: AnyStateMachine) {
    this.#delays = Object.keys(machine.implementations.delays);
  }

  /** The machine with every port answered from here, and with delays that tell which timer is which. */
  fill(machine: AnyStateMachine, requests: readonly string[], streams: readonly string[]): AnyStateMachine {
    const actors = [
      ...requests.map((port) => [port, this.#requestPort(port)]),
      ...streams.map((port) => [port, this.#streamPort(port)]),
    ];
    const delays = this.#delays.map((delay, index) => [delay, index + 1]);
    return machine.provide({ actors: Object.fromEntries(actors), delays: Object.fromEntries(delays) });
  }

  readonly clock = {
    setTimeout: (fire: () => void, ms: number): number => {
      this.#lastTimer += 1;
      this.timers.set(this.#lastTimer, { ms, fire });
      return this.#lastTimer;
    },
    clearTimeout: (id: number): void => {
      this.timers.delete(id);
    },
  };

  open(port: string): Ask[] {
    return this.asks.filter((ask) => ask.open && ask.port === port);
  }

  get openCount(): number {
    return this.asks.filter(({ open }) => open).length;
  }

  /** Fires the one timer that runs under this delay. */
  elapse(delay: string): void {
    const ms = this.#delays.indexOf(delay) + 1;
    const due = [...this.timers].filter(([, timer]) => timer.ms === ms);
    const [[id, timer] = []] = due;
    if (id === undefined || timer === undefined || due.length > 1) {
      throw new Error(`${due.length} timers run under ${delay}`);
    }
    this.timers.delete(id);
    timer.fire();
  }

  #requestPort(port: string): ReturnType<typeof request> {
    return request<unknown, unknown>(
      ({ input, signal }) =>
        new Promise((resolve, reject) => {
          const ask: Ask = {
            port,
            input,
            open: true,
            answer: (output) => {
              ask.open = false;
              resolve(output);
            },
            fail: (error) => {
              ask.open = false;
              reject(error);
            },
            send: () => {
              throw new Error(`${port} answers once`);
            },
          };
          signal.addEventListener('abort', () => {
            ask.open = false;
          });
          this.asks.push(ask);
        }),
    );
  }

  #streamPort(port: string): ReturnType<typeof stream> {
    return stream<EventObject, unknown>(({ input, send }) => {
      const unanswerable = (): never => {
        throw new Error(`${port} has no last answer`);
      };
      const ask: Ask = { port, input, open: true, answer: unanswerable, fail: unanswerable, send };
      this.asks.push(ask);
      return () => {
        ask.open = false;
      };
    });
  }
}

/** By stream port: how the types of its facts begin, and one that it sends when nobody listens any more. */
type Streams = Readonly<Record<string, { readonly facts: string; readonly late: AnyEventObject }>>;

/** How to bring a machine to life for a walk. */
export interface Walkable<TMachine extends AnyStateMachine> {
  readonly machine: TMachine;
  readonly graph: MachineGraph<TMachine>;
  readonly input: unknown;
  readonly requests: readonly string[];
  readonly streams: Streams;
  /** What must hold after every step; throws if it does not. */
  readonly check?: (snapshot: AnyMachineSnapshot, world: World) => void;
}

/** How many paths were walked, and how many steps that took. */
export interface Walked {
  readonly paths: number;
  readonly steps: number;
}

/** Walks every move of the graph, each by the shortest way to it. */
export async function walkEveryMove<TMachine extends AnyStateMachine>(
  walkable: Walkable<TMachine>,
): Promise<Walked> {
  const { graph } = walkable;
  const passed = new Set(graph.states.flatMap((state) => graph.pathTo(state).slice(0, -1)));
  const last = graph.moves.filter((move) => !passed.has(move));
  return walkAll(
    walkable,
    last.map((move) => [...graph.pathTo(move.from), move]),
  );
}

/** Walks the shortest way to every state of the graph; for graphs with too many moves to walk them all. */
export async function walkToEveryState<TMachine extends AnyStateMachine>(
  walkable: Walkable<TMachine>,
): Promise<Walked> {
  const paths = walkable.graph.states.map((state) => walkable.graph.pathTo(state));
  const passed = new Set(paths.flatMap((path) => path.slice(0, -1)));
  return walkAll(
    walkable,
    paths.filter((path) => path.some((move) => !passed.has(move))),
  );
}

async function walkAll<TMachine extends AnyStateMachine>(
  walkable: Walkable<TMachine>,
  paths: readonly (readonly Move<TMachine>[])[],
): Promise<Walked> {
  for (const path of paths) await walk(walkable, path);
  return { paths: paths.length, steps: paths.reduce((sum, { length }) => sum + length, 0) };
}

async function walk<TMachine extends AnyStateMachine>(
  walkable: Walkable<TMachine>,
  path: readonly Move<TMachine>[],
): Promise<void> {
  const world = new World(walkable.machine);
  const machine = world.fill(walkable.machine, walkable.requests, Object.keys(walkable.streams));
  const actor = createActor(machine, { input: walkable.input, clock: world.clock as never });
  let crash: unknown;
  actor.subscribe({ error: (error) => (crash = error) });
  actor.start();
  const told: string[] = [];
  const stand = (state: GraphState<TMachine>): void => {
    if (crash !== undefined) throw crash;
    const snapshot: AnyMachineSnapshot = actor.getSnapshot();
    const here = walkable.graph.find(snapshot as never);
    if (here !== state) throw new Error(`after ${told.join(', ')}: at ${here?.key}, not ${state.key}`);
    walkable.check?.(snapshot, world);
    if (snapshot.status !== 'active' && world.openCount + world.timers.size > 0) {
      throw new Error(`after ${told.join(', ')}: it has ended, and something is still open`);
    }
  };
  stand(walkable.graph.initial);
  for (const { event, to } of path) {
    const before = world.asks.filter(({ open }) => open);
    told.push(event.type);
    happen(event, actor, world, walkable.streams);
    await settled();
    stand(to);
    for (const ask of before) if (!ask.open) comeLate(ask, walkable.streams);
    await settled();
    stand(to);
  }
  actor.stop();
  if (world.openCount + world.timers.size > 0) throw new Error('stopped, and something is still open');
}

function happen(
  event: EventObject,
  actor: { send(event: EventObject): void },
  world: World,
  streams: Streams,
): void {
  const answered = /^xstate\.(done|error)\.actor\.(\w+)$/.exec(event.type);
  const elapsed = /^xstate\.after\.(\w+)\./.exec(event.type);
  const streaming = Object.entries(streams).find(([, { facts }]) => event.type.startsWith(facts));
  const hasCrashed = answered !== null && (answered[2] ?? '') in streams;
  if (answered !== null && !hasCrashed) {
    const [ask] = world.open(answered[2] ?? '');
    if (ask === undefined) throw new Error(`nobody asked ${answered[2]}`);
    if (answered[1] === 'done') ask.answer((event as EventObject & { output: unknown }).output);
    else ask.fail((event as EventObject & { error: unknown }).error);
  } else if (elapsed !== null) {
    world.elapse(elapsed[1] ?? '');
  } else if (streaming !== undefined && !hasCrashed) {
    const [ask] = world.open(streaming[0]);
    if (ask === undefined) throw new Error(`${streaming[0]} is not open`);
    ask.send(event);
  } else {
    actor.send(event);
  }
}

/** Whoever was not waited for any longer answers all the same. */
function comeLate(ask: Ask, streams: Streams): void {
  const flow = streams[ask.port];
  if (flow === undefined) ask.fail(new Failure('timeout', 'late'));
  else ask.send(flow.late);
}

/** Promises pass their answers on in a few turns of the microtask queue. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}
