import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Line } from '../../../src/testing/etcd-server/line.js';

let outer: Server;
let inner: Server;
/** The client's own end, the server's end of it, what the line connected to, and the line between. */
let client: Socket;
let accepted: Socket;
let served: Socket;
let line: Line;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  [outer, inner] = [createServer(), createServer()];
  await Promise.all([outer, inner].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  client = connect(portOf(outer), '127.0.0.1');
  client.on('error', () => undefined);
  [accepted] = await once(outer, 'connection');
  const reached = once(inner, 'connection');
  line = new Line(accepted, portOf(inner));
  [served] = await reached;
  served.on('error', () => undefined);
});

afterEach(() => {
  for (const socket of [client, accepted, served]) socket.destroy();
  outer.close();
  inner.close();
});

test('passes bytes both ways, and afterwards those that came while it was shut', async () => {
  line.open();
  client.write('ping');
  expect(String((await once(served, 'data'))[0])).toBe('ping');
  line.shut();
  served.write('pong');
  line.open();
  expect(String((await once(client, 'data'))[0])).toBe('pong');
});

test('closes the client when the server closes', async () => {
  line.open();
  served.destroy();
  client.resume();
  await once(client, 'close');
});

test('closes towards the server when the client is gone', async () => {
  line.open();
  served.resume();
  client.resetAndDestroy();
  await once(served, 'close');
});

test('resets a client that is just being closed without losing hold of it', async () => {
  line.open();
  accepted.end();
  line.reset();
  await once(accepted, 'close');
});
