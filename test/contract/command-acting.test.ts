/** The commands that act, as they are installed: each as a process of its own, on both etcds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin } from '../support/command-run.js';
import { CommandStage, one, service, two } from '../support/command-stage.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

function actingTests(start: () => Promise<EtcdUnderTest>): void {
  const stage = new CommandStage(start);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'leasehold-command-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('register holds a registration until SIGTERM, and withdraws it', async () => {
    const register = stage.begin('register', one, two);
    await register.says(/registered[\s\S]*registered/);
    expect(await stage.providers()).toEqual([one, two]);
    register.signal('SIGTERM');
    expect(await register.code).toBe(0);
    expect(await stage.providers()).toEqual([]);
  });

  test('register around a program ends with its exit code, and leaves nothing', async () => {
    const program = ['--', process.execPath, '-e', 'setTimeout(() => process.exit(7), 300)'];
    const register = stage.begin('register', one, ...program);
    await register.says(/registered/);
    expect(await stage.providers()).toEqual([one]);
    expect(await register.code).toBe(7);
    expect(await stage.providers()).toEqual([]);
  });

  test('register withdraws before it passes SIGTERM on to the program', async () => {
    // When it is told, the program looks past the slow proxy whether anybody could still find it.
    const look = `[${JSON.stringify(bin)}, 'get', '${service}', '--endpoints', '${stage.etcd.direct}']`;
    const ask = `process.exit(require('node:child_process').spawnSync(process.execPath, ${look}).status)`;
    const script = `process.on('SIGTERM', () => ${ask}); console.log('up'); setInterval(() => {}, 1e3)`;
    const register = stage.begin('register', one, '--', process.execPath, '-e', script);
    await register.says(/up/);
    await register.says(/registered/);
    stage.etcd.proxy.delay('up', 800);
    register.signal('SIGTERM');
    // Nothing found.
    expect(await register.code).toBe(3);
    expect(register.err()).toContain('withdrawn');
    stage.etcd.proxy.heal();
  });

  test('register --when-listening waits until the program can be called', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as { readonly port: number };
    await new Promise((resolve) => free.close(resolve));
    const url = `tri://127.0.0.1:${port}/${service}`;
    const script = `process.stdin.once('data', () => require('node:net').createServer().listen(${port}, '127.0.0.1')); console.log('up')`;
    const register = stage.begin('register', '--when-listening', url, '--', process.execPath, '-e', script);
    await register.says(/up/);
    expect(await stage.providers()).toEqual([]);
    register.type('listen\n');
    await register.says(/registered/);
    expect(await stage.providers()).toEqual([url]);
    register.signal('SIGTERM');
    // Node without a handler dies of the signal: 128 + 15.
    expect(await register.code).toBe(143);
  });

  test('register says that etcd is away, and that it is back; what it holds is there again', async () => {
    const register = stage.begin('register', one, '--session', '3s');
    await register.says(/registered/);
    await stage.etcd.kill();
    await register.says(/etcd is away: /);
    stage.etcd.wipe();
    await stage.etcd.restart();
    await register.says(/etcd is back/);
    await eventually(async () => expect(await stage.providers()).toEqual([one]));
    register.signal('SIGTERM');
    expect(await register.code).toBe(0);
  });

  test('register --no-check starts its program without etcd, and registers when it is there', async () => {
    await stage.etcd.kill();
    const script = "console.log('up'); setInterval(() => {}, 1e3)";
    const program = ['--', process.execPath, '-e', script];
    const register = stage.begin('register', one, '--no-check', '--timeout', '300ms', ...program);
    await register.says(/up/);
    await stage.etcd.restart();
    await register.says(/registered/);
    expect(await stage.providers()).toEqual([one]);
    register.signal('SIGTERM');
    expect(await register.code).toBe(143);
    expect(await stage.providers()).toEqual([]);
  });

  test('register says when its program cannot be started, as a shell does', async () => {
    expect((await stage.leasehold('register', one, '--', '/no/such/program')).code).toBe(127);
    expect((await stage.leasehold('register', one, '--', folder)).code).toBe(126);
    expect(await stage.providers()).toEqual([]);
  });

  test('import leaves alone what is there, however its parameters were ordered', async () => {
    const url = (query: string): string => `override://0.0.0.0/${service}?${query}`;
    const place = `/dubbo/${service}/configurators/`;
    await stage.etcd.control.put(place + encodeURIComponent(url('z=1&category=configurators&a=2')), 'x');
    const file = join(folder, 'unordered.json');
    writeFileSync(file, (await stage.leasehold('export')).out);
    const { out } = await stage.leasehold('import', file, '--yes');
    expect(out).toBe('0 written, 0 held, 1 left out or there already\n');
    expect(await stage.etcd.control.list(place)).toHaveLength(1);
  });

  test('what export writes, import puts back: what had no lease for good, the rest while it runs', async () => {
    const lasting = `override://0.0.0.0/${service}?category=configurators&dynamic=false&timeout=1`;
    await stage.registry.register(one);
    await stage.registry.register(lasting);
    const { code, out } = await stage.leasehold('export');
    expect(code).toBe(0);
    const file = join(folder, 'registry.json');
    writeFileSync(file, out);
    await stage.registry.close();
    await stage.etcd.control.deletePrefix('/dubbo/');
    const dry = await stage.leasehold('import', file, '--dry-run');
    expect(dry.out).toMatch(/^skip\t.*\nwrite\t|^write\t.*\nskip\t/);
    expect(await stage.etcd.control.list('/dubbo/')).toEqual([]);
    expect(await stage.leasehold('import', file)).toMatchObject({ code: 2, out: '' });
    expect(await stage.etcd.control.list('/dubbo/')).toEqual([]);
    const holding = stage.begin('import', file, '--yes', '--hold');
    await holding.says(/1 written, 1 held/);
    expect(await stage.providers()).toEqual([one]);
    holding.signal('SIGTERM');
    expect(await holding.code).toBe(0);
    expect(await stage.providers()).toEqual([]);
    const [kept] = await stage.etcd.control.list(`/dubbo/${service}/configurators/`);
    expect(kept).toMatchObject({ lease: '0', key: expect.stringContaining(encodeURIComponent(lasting)) });
    expect((await stage.leasehold('import', file, '--yes')).out).toBe(
      '0 written, 0 held, 2 left out or there already\n',
    );
  });
}

describe('commands that act, on the in-memory etcd', () => actingTests(memoryEtcdUnderTest));
describeOnEtcd('commands that act, on a real etcd', () => actingTests(realEtcdUnderTest));
