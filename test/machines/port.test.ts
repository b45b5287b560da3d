import { expect, test } from 'vitest';
import { type AnyActorLogic, createActor, fromCallback } from 'xstate';
import { Failure, failureOf, request, requestPort, stream, streamPort } from '../../machines/index.js';

interface Fact {
  readonly type: 'fact';
  readonly number: number;
}

/** Starts an actor below a parent that writes down what it is told. */
function below(logic: AnyActorLogic, input: unknown) {
  const told: unknown[] = [];
  let stop = (): void => {};
  const parent = createActor(
    fromCallback(({ self, receive }) => {
      receive((event) => told.push(event));
      const child = createActor(logic, { parent: self, input });
      child.start();
      stop = () => {
        (child as unknown as { _stop: () => void })._stop();
      };
    }),
  );
  parent.start();
  return { told, stop: () => stop() };
}

test('fails as a bug when a request port has no adapter', async () => {
  const actor = createActor(requestPort<string, undefined>('askSomething'));
  const thrown = await new Promise((resolve) => {
    actor.subscribe({ error: resolve });
    actor.start();
  });
  expect(failureOf(thrown)).toEqual({
    kind: 'bug',
    message: "port 'askSomething' has no adapter; fill it with machine.provide({ actors })",
  });
});

test('fails as a bug when a stream port has no adapter', () => {
  const actor = createActor(streamPort<Fact, undefined>('followSomething'));
  let thrown: unknown;
  actor.subscribe({ error: (error) => (thrown = error) });
  actor.start();
  expect(failureOf(thrown).kind).toBe('bug');
});

test('gives a request its input, and its answer to the machine', async () => {
  const actor = createActor(
    request<string, { name: string }>(({ input }) => Promise.resolve(`hello ${input.name}`)),
    {
      input: { name: 'etcd' },
    },
  );
  const output = await new Promise((resolve) => {
    actor.subscribe({ complete: () => resolve(actor.getSnapshot().output) });
    actor.start();
  });
  expect(output).toBe('hello etcd');
});

test('tells a request that nobody waits any more, and drops its answer', async () => {
  let answer: (text: string) => void = () => {};
  let isAborted = (): boolean => false;
  const logic = request<string, undefined>(
    ({ signal }) =>
      new Promise((resolve) => {
        answer = resolve;
        isAborted = () => signal.aborted;
      }),
  );
  const actor = createActor(logic);
  actor.start();
  expect(isAborted()).toBe(false);
  actor.stop();
  expect(isAborted()).toBe(true);
  answer('too late');
  await Promise.resolve();
  expect(actor.getSnapshot().output).toBeUndefined();
});

test('passes the failure of a request on', async () => {
  const actor = createActor(request<string, undefined>(() => Promise.reject(new Failure('denied', 'no'))));
  const thrown = await new Promise((resolve) => {
    actor.subscribe({ error: resolve });
    actor.start();
  });
  expect(failureOf(thrown)).toEqual({ kind: 'denied', message: 'no' });
});

test('sends the facts of a stream until it is closed, and closes it once', () => {
  let send: (fact: Fact) => void = () => {};
  let closes = 0;
  const logic = stream<Fact, { first: number }>((flow) => {
    send = flow.send;
    flow.send({ type: 'fact', number: flow.input.first });
    return () => {
      closes += 1;
      // Whatever the close itself stirs up comes too late.
      flow.send({ type: 'fact', number: -1 });
    };
  });
  const { told, stop } = below(logic, { first: 1 });
  send({ type: 'fact', number: 2 });
  stop();
  send({ type: 'fact', number: 3 });
  expect(told).toEqual([
    { type: 'fact', number: 1 },
    { type: 'fact', number: 2 },
  ]);
  expect(closes).toBe(1);
});
