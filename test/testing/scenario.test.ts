import { expect, test } from 'vitest';
import { type AnyActorRef, createActor, fromPromise, sendTo, setup } from 'xstate';
import { leaseMachine, registryMachine } from '../../machines/index.js';
import { createVirtualClock, playScenario } from '../../src/testing/index.js';

const lamp = setup({
  types: {} as { events: { type: 'press' } | { type: 'break' } },
  actors: { warmUp: fromPromise<string>(() => Promise.reject(new Error('not filled in'))) },
  actions: { count: () => {} },
  delays: { patience: 300, nap: 1_000 },
}).createMachine({
  id: 'lamp',
  initial: 'off',
  states: {
    off: { on: { press: { target: 'warming', actions: 'count' } } },
    warming: {
      invoke: { id: 'warmUp', src: 'warmUp', onDone: { target: 'on' }, onError: { target: 'off' } },
      after: { patience: { target: 'off' } },
    },
    on: { after: { nap: { target: 'off' } }, on: { press: { target: 'off' } } },
  },
});

test('shows the state and, in order, what the machine asks for', () => {
  const played = playScenario(
    '# A lamp.\n\nstart lamp\n\nsend {"type":"press"}\n\nanswer warmUp "warm"\n----\nold result\n\nelapse nap\n',
    { lamp },
  );
  expect(played).toBe(`# A lamp.

start lamp
----
off

send {"type":"press"}
----
warming
  do count
  wait patience 300ms
  ask warmUp

answer warmUp "warm"
----
on
  wait nap 1000ms

elapse nap
----
off
`);
});

test('is the same text again when it is played again', () => {
  const once = playScenario('start lamp\nsend {"type":"press"}\nfail warmUp timeout no answer\n', { lamp });
  expect(playScenario(once, { lamp })).toBe(once);
});

test('forgets the timers and the answers of states that were left', () => {
  const script = [
    'start lamp\nsend {"type":"press"}\nelapse patience',
    'answer warmUp "too late"',
    'send {"type":"press"}\nanswer warmUp\nelapse patience',
    'send {"type":"break"}',
  ].join('\n\n');
  const [, late, patience, ignored] = playScenario(script, { lamp }).split('\n\n');
  expect(late).toBe('answer warmUp "too late"\n----\nnobody waits for warmUp');
  expect(patience?.split('\n').at(-1)).toBe('nobody waits for patience');
  expect(ignored).toBe('send {"type":"break"}\n----\nnothing happens\n');
});

test('lets the delays that end earlier end first', () => {
  const script =
    'start lease {"ttlSeconds":15,"leaseSeed":"1"}\nsend {"type":"lease.wanted"}\nsend {"type":"connection.up","epoch":1,"history":0,"endpoint":"a"}\nanswer grantLease {"ttlSeconds":15,"answerMs":0}\n\nelapse lossDelay\nelapse doubtDelay\n';
  const result = playScenario(script, { lease: leaseMachine }).split('----\n').at(-1);
  expect(result).toMatch(/^nobody waits for lossDelay\n\(renewInterval is over\)\nalive\.renewal\.asking/);
});

test('gives up a delay that does not end because another takes no time again and again', () => {
  const restless = setup({ delays: { blink: 0, patience: 300 } }).createMachine({
    id: 'restless',
    type: 'parallel',
    states: {
      blinking: {
        initial: 'open',
        states: { open: { after: { blink: { target: 'open', reenter: true } } } },
      },
      waiting: { initial: 'here', states: { here: { after: { patience: { target: 'gone' } } }, gone: {} } },
    },
  });
  expect(() => playScenario('start restless\nelapse patience\n', { restless })).toThrow(
    'patience does not end',
  );
});

test('plays the machines that a machine invokes beside it', () => {
  const script =
    'start registry with connection lease {"endpoints":["a"],"ttlSeconds":15,"leaseSeed":"1"}\n\nanswer probeCluster {"clusterId":"c","revision":"5","sentinel":null}\n';
  const [, connected] = playScenario(script, { registry: registryMachine }).split('\n\n');
  expect(connected?.split('\n').filter((line) => !line.startsWith(' '))).toEqual([
    'answer probeCluster {"clusterId":"c","revision":"5","sentinel":null}',
    '----',
    'connection: connected.certain',
    'registry: keeping.listening & life.running & guarding.resting & publishing.idle & auditing.resting',
    '',
  ]);
});

test('keeps quiet about what a story takes as given', () => {
  expect(playScenario('quietly start lamp\nsend {"type":"press"}\nelapse patience\n', { lamp })).toMatch(
    /elapse patience\n----\nwarming\n/,
  );
  const alone = 'quietly start lamp\n\nsend {"type":"break"}\n----\nnothing happens\n';
  expect(playScenario(alone, { lamp })).toBe(alone);
});

test('says which command it cannot play', () => {
  expect(() => playScenario('jump high', { lamp })).toThrow(
    "cannot play 'jump high': no machine was started",
  );
  expect(() => playScenario('start lamp\njump high', { lamp })).toThrow("there is no command 'jump'");
  expect(() => playScenario('start tree', { lamp })).toThrow("no machine is called 'tree'");
  expect(() => playScenario('start lamp\nsend {', { lamp })).toThrow(
    "cannot play 'send {': its JSON does not parse",
  );
});

/** A parent and a child that answer each other, and a log of who heard what when. */
function conversation(log: string[]) {
  const child = setup({
    types: {} as {
      input: { parentRef: AnyActorRef };
      context: { parentRef: AnyActorRef };
      events: { type: 'ping' } | { type: 'thanks' };
    },
    actions: { note: (_, params: { what: string }) => log.push(params.what) },
  }).createMachine({
    id: 'child',
    context: ({ input }) => ({ parentRef: input?.parentRef }),
    initial: 'awake',
    states: {
      awake: {
        on: {
          ping: {
            actions: [
              { type: 'note', params: { what: 'child hears ping' } },
              sendTo(({ context }) => context.parentRef, { type: 'pong' }),
              sendTo(({ context }) => context.parentRef, { type: 'again' }),
            ],
          },
          thanks: { target: 'asleep', actions: { type: 'note', params: { what: 'child hears thanks' } } },
        },
      },
      asleep: { type: 'final' },
    },
  });
  return setup({
    types: {} as { events: { type: 'go' } | { type: 'pong' } | { type: 'again' } },
    actors: { child },
    actions: { note: (_, params: { what: string }) => log.push(params.what) },
  }).createMachine({
    id: 'parent',
    invoke: {
      id: 'child',
      src: 'child',
      input: ({ self }) => ({ parentRef: self }),
      onDone: { actions: { type: 'note', params: { what: 'parent hears the end' } } },
    },
    on: {
      go: {
        actions: [sendTo('child', { type: 'ping' }), { type: 'note', params: { what: 'parent hears go' } }],
      },
      pong: {
        actions: [
          sendTo('child', { type: 'thanks' }),
          { type: 'note', params: { what: 'parent hears pong' } },
        ],
      },
      again: { actions: { type: 'note', params: { what: 'parent hears again' } } },
    },
  });
}

test('delivers a message to a machine that starts in the same step once it has started', () => {
  const child = setup({ types: {} as { events: { type: 'hello' } } }).createMachine({
    id: 'child',
    initial: 'alone',
    states: { alone: { on: { hello: { target: 'greeted' } } }, greeted: {} },
  });
  const parent = setup({ actors: { child } }).createMachine({
    id: 'parent',
    entry: sendTo('child', { type: 'hello' }),
    invoke: { id: 'child', src: 'child' },
  });
  const actor = createActor(parent).start();
  expect(actor.getSnapshot().children['child']?.getSnapshot().value).toBe('greeted');
  expect(playScenario('start parent with child\n', { parent })).toBe(
    'start parent with child\n----\nparent: active\n  ask child\n  tell child hello\nchild: alone\nchild: greeted\n',
  );
});

test('delivers messages between machines in the order in which actors would', () => {
  const heard: string[] = [];
  const actor = createActor(conversation(heard), { clock: createVirtualClock() }).start();
  actor.send({ type: 'go' });
  const played = playScenario('start parent with child\nsend {"type":"go"}\n', { parent: conversation([]) });
  const notes = [...played.matchAll(/do note \{"what":"(.*)"\}/g)].map(([, what]) => what);
  expect(notes).toEqual(heard);
  expect(heard).toHaveLength(6);
});
