/** Defects of connecting in the implementation that is replaced, as far as they need no etcd. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createRegistry } from '../../src/index.js';
import { endpointsOf, parseRegistryAddress } from '../../src/registry-address.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';

test('does not call itself connected before etcd has answered [C2]', async () => {
  const states: string[] = [];
  const registry = await createRegistry({ address: `127.0.0.1:${await freePort()}`, check: false });
  registry.on('connection', ({ state }) => states.push(state));
  await eventually(() => expect(registry.status().connection.attempts).toBeGreaterThan(2));
  expect(registry.status().connection).toMatchObject({ epoch: 0 });
  expect(states).not.toContain('connected');
  await registry.close();
});

test('leaves nothing behind that keeps a process alive when it could not start [C4]', async () => {
  const program = fileURLToPath(new URL('../support/failing-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, `127.0.0.1:${await freePort()}`]);
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(15_000) });
  try {
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('refuses at once an address that cannot be one [C5]', async () => {
  for (const address of ['etcd3://:99999', 'etcd3://', 'host:port:more']) {
    await expect(createRegistry({ address, timeoutMs: 60_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/^INVALID_(ADDRESS|URL)$/),
    });
  }
});

test('takes port 2379 where none is given [C6]', () => {
  expect(endpointsOf(parseRegistryAddress('etcd3://10.0.0.1').address ?? '')).toEqual([
    'http://10.0.0.1:2379',
  ]);
});
