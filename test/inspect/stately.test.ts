/** The Stately inspector's own relay, with a receiver in the place of its page. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type AnyStateMachine, type AnyStateNode, createMachine } from 'xstate';
import { connectionMachine, leaseMachine, registryMachine, watcherMachine } from '../../machines/index.js';
import { type StatelyServer, startStatelyServer } from '../../scripts/stately-server.js';
import { createRegistry, type Registry } from '../../src/index.js';
import { showInStately } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

interface Message {
  readonly type: string;
  readonly name?: string;
  readonly sessionId: string;
  readonly definition?: string;
  readonly snapshot?: { readonly value?: unknown; readonly status: string };
  readonly event?: { readonly type: string };
}

/** The ids of all states. */
function namesIn({ root }: AnyStateMachine): readonly string[] {
  const visit = (node: AnyStateNode): readonly string[] => [
    node.id,
    ...Object.values(node.states).flatMap((inner) => visit(inner)),
  ];
  return visit(root);
}

describe('the Stately inspector', () => {
  let etcd: MemoryEtcd;
  let registry: Registry;
  let server: StatelyServer;
  let receivers: WebSocket[];
  let show: () => void;
  let hide: () => void;

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false&session=6000`);
    await registry.register('dubbo://scott:t1ger@10.0.0.1:20880/com.acme.Orders?version=1.0.0&token=t2ger');
    await registry.subscribe('consumer://10.0.0.9/com.acme.Orders?version=1.0.0', () => {});
    receivers = [];
    hide = () => {};
    show = () => {
      hide();
      hide = showInStately(registry, server.inspector);
    };
    server = await startStatelyServer(await freePort(), () => show());
  });

  afterEach(async () => {
    hide();
    for (const receiver of receivers) receiver.terminate();
    await server.stop();
    await registry.close();
    await etcd.stop();
  });

  /** Collects messages as the page would. */
  function receive(headers: Record<string, string> = {}): readonly Message[] {
    const messages: Message[] = [];
    const receiver = new WebSocket(server.url.replace('http', 'ws'), { headers });
    receiver.on('error', () => {});
    receiver.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
    receivers.push(receiver);
    return messages;
  }

  /** The states of one machine, as far as they were told. */
  function valuesOf(messages: readonly Message[], name: string): readonly unknown[] {
    const id = messages.find((message) => message.name === name)?.sessionId;
    return messages.flatMap(({ sessionId, snapshot }) => (sessionId === id ? [snapshot?.value] : []));
  }

  test('is told all machines with their definitions, by whoever opens it, however late', async () => {
    for (const messages of [receive(), receive()]) {
      await eventually(() => expect(messages.map(({ name }) => name)).toContain('watchPrefix'));
      const definitions = messages.flatMap(({ definition }) =>
        definition === undefined ? [] : [JSON.parse(definition) as { readonly id: string }],
      );
      for (const machine of [registryMachine, connectionMachine, leaseMachine, watcherMachine]) {
        const told = definitions.find(({ id }) => id === machine.id);
        expect(namesIn(createMachine(told as object))).toEqual(namesIn(machine));
      }
    }
  });

  test('shows actions, guards, delays and questions by their names', async () => {
    const messages = receive();
    await eventually(() => expect(messages.map(({ name }) => name)).toContain('connection'));
    const definition = messages.find(({ name }) => name === 'connection')?.definition ?? '';
    for (const name of [
      'rememberCluster',
      'announceDown',
      'isExpected',
      'reconnectBackoff',
      'probeCluster',
    ]) {
      expect(definition).toContain(`"${name}"`);
    }
    expect(definition).not.toContain('"type":""');
  });

  test('is told every transition of an outage, and no secret', async () => {
    const messages = receive();
    await eventually(() => expect(messages.map(({ name }) => name)).toContain('connection'));
    await etcd.crash();
    await eventually(() => expect(valuesOf(messages, 'connection')).toContain('disconnected'));
    await etcd.restart();
    await eventually(() => expect(valuesOf(messages, 'connection').at(-1)).toEqual({ connected: 'certain' }));
    await eventually(() =>
      expect(valuesOf(messages, '/dubbo/com.acme.Orders/providers/').at(-1)).toEqual({
        following: 'watching',
      }),
    );
    expect(valuesOf(messages, 'connection')).toEqual(expect.arrayContaining(['disconnected', 'connecting']));
    expect(valuesOf(messages, '/dubbo/com.acme.Orders/providers/')).toEqual(
      expect.arrayContaining([{ erroring: 'waiting' }, { following: { reconnecting: 'verifying' } }]),
    );
    expect(messages.map(({ event }) => event?.type)).toContain('connection.down');
    const all = JSON.stringify(messages);
    expect(all).toContain('scott');
    expect(all).not.toMatch(/t1ger|t2ger/);
  });

  test('is on this machine only, and does not talk to foreign pages', async () => {
    expect(server.address).toBe('127.0.0.1');
    const foreign = receive({ origin: 'https://evil.example' });
    const own = receive({ origin: server.url.replace(/\/$/, '') });
    await eventually(() => expect(own.length).toBeGreaterThan(3));
    expect(foreign).toEqual([]);
  });
});
