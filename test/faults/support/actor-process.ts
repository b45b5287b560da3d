/**
 * A process of its own with a registry: registers some URLs, subscribes, and prints what it is told as lines of JSON.
 * Reads commands from its input at any time: `block <ms>` keeps its event loop busy, `close` closes.
 */
import { createInterface } from 'node:readline';
import { createRegistry } from '../../../src/index.js';

const [address = '', service = '', session = '3000', firstHost = '1', count = '3'] = process.argv.slice(2);

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const registry = await createRegistry({
  address,
  sessionMs: Number(session),
  auditIntervalMs: 1_000,
  check: false,
});
registry.on('lease', ({ state }) => print({ event: state }));
registry.on('connection', ({ state }) => print({ event: state }));
registry.on('failed', ({ message }) => print({ event: 'failed', message }));
process.on('warning', ({ message }) => print({ event: 'warning', message }));

let isClosed = false;
createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, argument] = line.split(' ');
  if (command === 'block') block(Number(argument));
  else void close();
});
print({ event: 'started' });

const hosts = Array.from({ length: Number(count) }, (_, index) => Number(firstHost) + index);
const urls = hosts.map((host) => `dubbo://10.0.${host >> 8}.${host & 255}:20880/${service}?check=false`);
try {
  await Promise.all(urls.map((url) => registry.register(url)));
  await registry.subscribe(`consumer://10.9.9.9/${service}?check=false`, ([...told], info) =>
    print({ told: { urls: told.map(String), history: info.history, revision: info.revision } }),
  );
  print({ event: 'ready' });
} catch (error) {
  if (!isClosed) throw error;
}

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function close(): Promise<void> {
  isClosed = true;
  const began = performance.now();
  await registry.close();
  print({ event: 'closed', ms: performance.now() - began });
  process.stdin.destroy();
}
