import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProxy, type TcpProxy } from './proxy.js';

/** A server that answers every byte with itself and remembers what it got, and from how many connections. */
interface Echo {
  readonly server: Server;
  readonly endpoint: string;
  readonly sockets: Socket[];
  received: string;
}

let echo: Echo;
let proxy: TcpProxy;
const clients: Client[] = [];

beforeEach(async () => {
  echo = await startEcho();
  proxy = await startProxy(echo.endpoint);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.socket.destroy();
  proxy.close();
  stopEcho(echo);
});

test('passes bytes both ways, counts them, and passes on the end', async () => {
  const client = await open();
  client.socket.write('hello');
  await client.has('hello');
  expect(proxy.bytes).toEqual({ up: 5, down: 5 });
  client.socket.end('bye');
  await client.ended;
  expect(client.received).toBe('hellobye');
});

test('counts the connections made and those open', async () => {
  const [first] = [await open(), await open()];
  expect(proxy.connections).toEqual({ made: 2, open: 2 });
  first.socket.destroy();
  await expect.poll(() => proxy.connections).toEqual({ made: 2, open: 1 });
});

test('refuses new connections while it does not accept, and keeps the old ones', async () => {
  const old = await open();
  proxy.stopAccepting();
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  old.socket.write('still');
  await old.has('still');
  await proxy.startAccepting();
  await expect(open()).resolves.toBeDefined();
});

test('resets all connections at both ends', async () => {
  const client = await open();
  client.socket.write('x');
  await client.has('x');
  const [server] = echo.sockets;
  const atServer = server && once(server, 'error');
  proxy.resetAll();
  await expect(client.ended).resolves.toBe('ECONNRESET');
  expect(await atServer).toMatchObject([{ code: 'ECONNRESET' }]);
  await expect.poll(() => proxy.connections.open).toBe(0);
});

test('holds what goes up in a black hole and delivers it when that ends', async () => {
  const client = await open();
  proxy.blackHole('up');
  client.socket.write('late');
  await quietly(() => echo.received === '');
  proxy.heal();
  await client.has('late');
});

test('holds what comes down in a black hole: the server has acted, the client does not know', async () => {
  const client = await open();
  proxy.blackHole('down');
  client.socket.write('acted');
  await expect.poll(() => echo.received).toBe('acted');
  await quietly(() => client.received === '');
  proxy.heal();
  await client.has('acted');
});

test('hides in a black hole that the server has gone, until it ends', async () => {
  const client = await open();
  client.socket.write('x');
  await client.has('x');
  proxy.blackHole('both');
  echo.sockets[0]?.resetAndDestroy();
  await quietly(() => client.closed === undefined);
  proxy.heal();
  expect(await client.ended).toBe('ECONNRESET');
});

test('loses what a black hole holds when the connection is reset', async () => {
  const client = await open();
  proxy.blackHole('up');
  client.socket.write('lost');
  await quietly(() => echo.received === '');
  proxy.resetAll();
  proxy.heal();
  await client.ended;
  await quietly(() => echo.received === '');
  expect(proxy.bytes.up).toBe(0);
});

test('holds more than it keeps in memory, and loses none of it', async () => {
  const client = await open();
  proxy.blackHole('up');
  const sent = Buffer.alloc(8 * 1024 * 1024, 'abcdefg').toString();
  client.socket.write(sent);
  await quietly(() => echo.received === '');
  proxy.heal();
  await client.has(sent);
  expect(echo.received === sent).toBe(true);
});

test('delays one direction without changing the order', async () => {
  const client = await open();
  proxy.delay('down', 300);
  const before = performance.now();
  for (const letter of ['a', 'b', 'c']) client.socket.write(letter);
  await client.has('abc');
  expect(performance.now() - before).toBeGreaterThanOrEqual(300);
  proxy.heal();
  const healed = performance.now();
  client.socket.write('d');
  await client.has('abcd');
  expect(performance.now() - healed).toBeLessThan(300);
});

test.for(['up', 'down'] as const)('cuts after exactly so many bytes %s, once', async (direction) => {
  const client = await open();
  const cut = proxy.cutAfter(direction, 10);
  client.socket.write('123456');
  await client.has('123456');
  client.socket.write('7890abc');
  await cut;
  await client.ended;
  expect(direction === 'up' ? echo.received : client.received).toBe('1234567890');
  const next = await open();
  next.socket.write('more than ten bytes');
  await next.has('more than ten bytes');
});

test('leads new connections elsewhere after a retarget', async () => {
  const old = await open();
  const other = await startEcho();
  proxy.retarget(other.endpoint);
  const fresh = await open();
  fresh.socket.write('new');
  await fresh.has('new');
  old.socket.write('old');
  await old.has('old');
  expect([echo.received, other.received]).toEqual(['old', 'new']);
  stopEcho(other);
});

test('resets the client when there is nobody behind it', async () => {
  stopEcho(echo);
  const client = await open();
  expect(await client.ended).toBe('ECONNRESET');
});

interface Client {
  readonly socket: Socket;
  received: string;
  /** Resolves with how the connection ended: `end`, or the code of the error. */
  readonly ended: Promise<string>;
  closed: string | undefined;
  has(text: string): Promise<void>;
}

async function open(): Promise<Client> {
  const socket = connect(Number(new URL(proxy.endpoint).port), '127.0.0.1');
  const client: Client = {
    socket,
    received: '',
    closed: undefined,
    ended: new Promise((resolve) => {
      let how = 'end';
      socket.on('error', (error: NodeJS.ErrnoException) => {
        how = error.code ?? 'error';
      });
      socket.once('close', () => {
        client.closed = how;
        resolve(how);
      });
    }),
    has: (text) => expect.poll(() => client.received === text, { interval: 2 }).toBe(true),
  };
  socket.on('data', (chunk) => {
    client.received += chunk.toString();
  });
  clients.push(client);
  await once(socket, 'connect');
  return client;
}

async function startEcho(): Promise<Echo> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started: Echo = { server, endpoint, sockets: [], received: '' };
  server.on('connection', (socket) => {
    started.sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      started.received += chunk.toString();
      socket.write(chunk);
    });
    socket.on('end', () => socket.end());
  });
  return started;
}

function stopEcho({ server, sockets }: Echo): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

/** Watches for a while that something does not happen; long enough for loopback, and no proof of more. */
async function quietly(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    expect(holds()).toBe(true);
    await new Promise((tick) => setTimeout(tick, 5));
  }
}
