/**
 * How a machine asks the world. A port is declared by the machine that needs it and filled in src/compose.ts;
 * an unfilled port fails as a bug, so that a forgotten adapter ends the machine instead of hanging it.
 */
import {
  type CallbackActorLogic,
  type EventObject,
  fromCallback,
  fromPromise,
  type PromiseActorLogic,
} from 'xstate';
import { Failure } from './failure.js';

/** Declares a question with one answer. */
export function requestPort<Output, Input>(name: string): RequestPort<Output, Input> {
  return fromPromise<Output, Input>(() => Promise.reject(unfilled(name)));
}

/** Declares a source of facts that flows until the machine leaves the state that invoked it. */
export function streamPort<Fact extends EventObject, Input>(name: string): StreamPort<Fact, Input> {
  return fromCallback<EventObject, Input>(() => {
    throw unfilled(name);
  });
}

/** A request port's logic. */
export type RequestPort<Output, Input> = PromiseActorLogic<Output, Input>;

/** Tells an adapter that nobody waits for its answer any more. */
export type AskSignal = Parameters<Parameters<typeof fromPromise>[0]>[0]['signal'];

/**
 * Writes the adapter of a request port. An adapter that creates something must undo it when `signal` is aborted by
 * the time the answer arrives: nobody will hear of it.
 */
export function request<Output, Input>(
  ask: (question: { readonly input: Input; readonly signal: AskSignal }) => Promise<Output>,
): RequestPort<Output, Input> {
  return fromPromise<Output, Input>(({ input, signal }) => ask({ input, signal }));
}

/** A stream port's logic. `Fact` is what {@link stream} lets the adapter send. */
export type StreamPort<_Fact extends EventObject, Input> = CallbackActorLogic<EventObject, Input>;

/**
 * Writes the adapter of a stream port: `open` starts the flow and returns what closes it. Facts sent after the
 * close are dropped, so a late answer cannot disturb a machine that has moved on.
 */
export function stream<Fact extends EventObject, Input, Word extends EventObject = never>(
  open: (flow: {
    readonly input: Input;
    readonly send: (fact: Fact) => void;
    /** Hears what the machine says while the flow is open. */
    readonly hear: (listener: (word: Word) => void) => void;
  }) => () => void,
): StreamPort<Fact, Input> {
  return fromCallback<EventObject, Input>(({ input, sendBack, receive }) => {
    let closed = false;
    const close = open({
      input,
      hear: (listener) => receive((word) => listener(word as unknown as Word)),
      send: (fact) => {
        if (!closed) sendBack(fact);
      },
    });
    return () => {
      closed = true;
      close();
    };
  });
}

function unfilled(name: string): Failure {
  return new Failure('bug', `port '${name}' has no adapter; fill it with machine.provide({ actors })`);
}
