/** The etcd that the command brings along. */
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/index.js';
import { spawnCommand, spawned } from '../support/command-run.js';
import { one } from '../support/command-stage.js';

describe('leasehold dev', () => {
  test('is an etcd until it is told to end', async () => {
    const dev = spawnCommand(['dev', '--port', '0']);
    const endpoint = await dev.says(/on (127\.0\.0\.1:\d+)/);
    const registry = await createRegistry({ address: endpoint, file: false });
    await registry.register(one);
    await registry.close();
    dev.signal('SIGINT');
    expect(await dev.code).toBe(0);
  });

  test('gives a program an etcd of its own, and ends with its exit code', async () => {
    const script =
      'console.log(process.env.LEASEHOLD_ADDRESS, process.env.ETCDCTL_ENDPOINTS); process.exit(3)';
    const { code, out } = await spawned(['dev', '--', process.execPath, '-e', script]);
    expect(code).toBe(3);
    expect(out).toMatch(/^(127\.0\.0\.1:\d+) \1\n$/);
  });

  test('says so when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { readonly port: number };
    const { code, err } = await spawned(['dev', '--port', String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(err).toMatch(/^leasehold: .*(?:in use|EADDRINUSE)/i);
  });
});
