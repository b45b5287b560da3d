/** Runs the adapter of one port by itself, as the machine that owns the port would. */
import {
  type AnyActorLogic,
  type AnyEventObject,
  createActor,
  createMachine,
  type EventObject,
  sendTo,
  toPromise,
} from 'xstate';
import type { RequestPort, StreamPort } from '../../machines/index.js';

/** The answer of a request port's adapter. */
export function ask<Output, Input>(port: RequestPort<Output, Input>, input: Input): Promise<Output> {
  const actor = createActor(port, { input });
  const answer = toPromise(actor);
  actor.start();
  return answer as Promise<Output>;
}

export interface Listening<Fact> {
  /** Every fact so far. */
  readonly facts: readonly Fact[];
  /** Says something to the adapter. */
  tell(word: AnyEventObject): void;
  close(): void;
}

/** Opens a stream port's adapter and collects its facts. */
export function listen<Fact extends EventObject, Input>(
  port: StreamPort<Fact, Input>,
  input: Input,
): Listening<Fact> {
  const facts: Fact[] = [];
  const owner = createMachine({
    invoke: { id: 'port', src: port as AnyActorLogic, input },
    on: {
      word: { actions: sendTo('port', ({ event }) => (event as AnyEventObject)['word'] as AnyEventObject) },
      '*': { actions: ({ event }) => facts.push(event as unknown as Fact) },
    },
  });
  const actor = createActor(owner).start();
  return { facts, tell: (word) => actor.send({ type: 'word', word }), close: () => actor.stop() };
}
