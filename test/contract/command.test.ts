/** The leasehold command as it is installed: every command as a process of its own, on both etcds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type CommandRun, type RunOptions, spawnCommand, spawned } from '../support/command-run.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startEtcd } from '../support/real-etcd.js';

const service = 'com.acme.Orders';
const one = `dubbo://10.0.0.1:20880/${service}?version=1.0.0`;
const two = `dubbo://10.0.0.2:20880/${service}?group=blue&weight=50`;
const prefix = `/dubbo/${service}/providers/`;

function commandTests(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let registry: Registry;
  let folder: string;
  const running: ReturnType<typeof spawnCommand>[] = [];

  beforeAll(async () => {
    etcd = await start();
    folder = mkdtempSync(join(tmpdir(), 'leasehold-command-'));
  });

  beforeEach(async () => {
    registry = await createRegistry({ address: etcd.endpoint, file: false, sessionMs: 5_000 });
  });

  afterEach(async () => {
    for (const { child } of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await registry.close();
    await etcd.control.deletePrefix('/dubbo/');
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await etcd.stop();
  });

  const target = (): RunOptions => ({ env: { ETCDCTL_ENDPOINTS: etcd.endpoint } });
  const leasehold = (...args: string[]): ReturnType<typeof spawned> => spawned(args, target());

  function begin(...args: string[]): CommandRun {
    const begun = spawnCommand(args, target());
    running.push(begun);
    return begun;
  }

  async function keys(): Promise<readonly string[]> {
    return (await etcd.control.list(prefix)).map(({ key }) => decodeURIComponent(key.slice(prefix.length)));
  }

  test('ls lists the services, by lines for a pipe and as JSON for a program', async () => {
    await Promise.all([registry.register(one), registry.register(two)]);
    await registry.register('dubbo://10.0.0.3:20880/com.acme.Stock');
    const listed = await leasehold('ls');
    expect(listed).toEqual({
      code: 0,
      out: 'com.acme.Orders\t2\t0\tblue\t1.0.0\ncom.acme.Stock\t1\t0\t-\t-\n',
      err: '',
    });
    const { out } = await leasehold('ls', '*stock', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject([{ service: 'com.acme.Stock', providers: 1, groups: [] }]);
    expect(await leasehold('ls', 'nobody')).toMatchObject({
      code: 3,
      out: '',
      err: 'no service fits nobody\n',
    });
  });

  test('get shows who is registered, and says what may have been meant', async () => {
    await registry.register(one);
    await registry.register(`override://0.0.0.0/${service}?category=configurators&dynamic=false`);
    const { out } = await leasehold('get', service, '-o', 'ndjson');
    const leaseId = BigInt(registry.status().lease.leaseId ?? '').toString(16);
    expect(JSON.parse(out)).toMatchObject({
      address: '10.0.0.1:20880',
      version: '1.0.0',
      lease: leaseId,
      url: one,
    });
    expect((await leasehold('get', service, '--raw')).out).toBe(`${one}\n`);
    const configurators = await leasehold('get', service, '--category', 'configurators', '-o', 'json');
    expect(JSON.parse(configurators.out)).toMatchObject([{ protocol: 'override', lease: null }]);
    const { code, err } = await leasehold('get', 'com.acme.Order');
    expect(code).toBe(3);
    expect(err).toContain('did you mean com.acme.Orders?');
  });

  test('watch tells who comes, changes and goes, and through an outage', async () => {
    const watch = begin('watch', service, '-o', 'ndjson');
    const events = (): readonly Record<string, unknown>[] =>
      watch
        .out()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = (event: string): unknown[] =>
      events().flatMap((each) => (each['event'] === event ? each['url'] : []));
    const first = await registry.register(one);
    await eventually(() => expect(told('added')).toEqual([one]));
    await Promise.all([registry.register(`${one}&weight=7`), first.close()]);
    await eventually(() => expect(told('changed').at(-1) ?? told('removed').at(-1)).toBeDefined());
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await eventually(() => expect(events().map(({ event }) => event)).toContain('stale'));
    await etcd.proxy.startAccepting();
    await eventually(() => expect(events().map(({ event }) => event)).toContain('live'));
    await registry.close();
    await eventually(() => expect(told('removed').at(-1)).toBe(`${one}&weight=7`));
    watch.signal('SIGINT');
    expect(await watch.code).toBe(0);
    expect(watch.err()).toBe('');
  });

  test('register holds a registration until SIGTERM, and withdraws it', async () => {
    const register = begin('register', one, two);
    await register.says(/registered[\s\S]*registered/);
    expect(await keys()).toEqual([one, two]);
    register.signal('SIGTERM');
    expect(await register.code).toBe(0);
    expect(await keys()).toEqual([]);
  });

  test('register around a program ends with its exit code, and leaves nothing', async () => {
    const program = ['--', process.execPath, '-e', 'setTimeout(() => process.exit(7), 300)'];
    const register = begin('register', one, ...program);
    await register.says(/registered/);
    expect(await keys()).toEqual([one]);
    expect(await register.code).toBe(7);
    expect(await keys()).toEqual([]);
  });

  test('register withdraws before it passes SIGTERM on to the program', async () => {
    const script =
      "process.on('SIGTERM', () => setTimeout(() => process.exit(9), 200)); console.log('up'); setInterval(() => {}, 1e3)";
    const register = begin('register', one, '--', process.execPath, '-e', script);
    await register.says(/up/);
    await register.says(/registered/);
    register.signal('SIGTERM');
    await register.says(/withdrawn/);
    expect(await keys()).toEqual([]);
    expect(await register.code).toBe(9);
  });

  test('register --when-listening waits until the program can be called', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as { readonly port: number };
    await new Promise((resolve) => free.close(resolve));
    const url = `tri://127.0.0.1:${port}/${service}`;
    const script = `process.stdin.once('data', () => require('node:net').createServer().listen(${port}, '127.0.0.1')); console.log('up')`;
    const register = begin('register', '--when-listening', url, '--', process.execPath, '-e', script);
    await register.says(/up/);
    expect(await keys()).toEqual([]);
    register.type('listen\n');
    await register.says(/registered/);
    expect(await keys()).toEqual([url]);
    register.signal('SIGTERM');
    // Node without a handler dies of the signal: 128 + 15.
    expect(await register.code).toBe(143);
  });

  test('register says when its program cannot be started, as a shell does', async () => {
    expect((await leasehold('register', one, '--', '/no/such/program')).code).toBe(127);
    expect((await leasehold('register', one, '--', folder)).code).toBe(126);
    expect(await keys()).toEqual([]);
  });

  test('explain says what keeps a provider from matching', async () => {
    await registry.register(one);
    const { code, out } = await leasehold('explain', service, '--version', '2.0.0');
    expect(code).toBe(3);
    expect(out).toContain('version: wanted 2.0.0, found 1.0.0');
    const provided = await leasehold('explain', service, '-o', 'json');
    expect(provided.code).toBe(0);
    expect(JSON.parse(provided.out)).toMatchObject({ finding: 'provided', matching: [one] });
  });

  test('doctor finds nothing wrong where nothing is, and leaves nothing behind', async () => {
    await registry.register(one);
    const { code, out } = await leasehold('doctor', '-o', 'json');
    const levels = (JSON.parse(out) as { readonly check: string; readonly level: string }[]).map(
      ({ check, level }) => `${check} ${level}`,
    );
    expect(levels).toEqual(
      ['endpoint', 'auth', 'lease', 'watch', 'zombies', 'strays', 'undecodable'].map(
        (check) => `${check} ok`,
      ),
    );
    expect(code).toBe(0);
    expect(await etcd.control.list('/leasehold/doctor/')).toEqual([]);
  });

  test('doctor finds zombies, strays and what cannot be read, and says what to do', async () => {
    const zombie = `${prefix}${encodeURIComponent(one)}`;
    await etcd.control.put(zombie, 'x');
    await etcd.control.put(`${prefix}${encodeURIComponent(`${one}&timestamp=1`)}`, 'x');
    await etcd.control.put(`${prefix}%zz`, 'x');
    await etcd.control.put('/dubbo/a/b/c/d', 'x');
    const { code, out } = await leasehold('doctor', '--read-only');
    expect(code).toBe(0);
    expect(out).toMatch(/^warn {2}zombies {6}2 entries have no lease/m);
    expect(out).toMatch(/^warn {2}zombies {6}1 address is registered more than once/m);
    expect(out).toMatch(/^warn {2}strays {7}1 key below/m);
    expect(out).toMatch(/^warn {2}undecodable {2}1 entry cannot be read/m);
    expect(out).toMatch(/^skip {2}lease/m);
    expect(out).toContain(`at ${zombie}`);
    expect(out.match(/→ .*etcdctl del/g)?.length).toBe(3);
    expect((await leasehold('doctor', '--read-only', '--strict')).code).toBe(1);
  });

  test('what export writes, import puts back: what had no lease for good, the rest while it runs', async () => {
    const lasting = `override://0.0.0.0/${service}?category=configurators&dynamic=false&timeout=1`;
    await registry.register(one);
    await registry.register(lasting);
    const { code, out } = await leasehold('export');
    expect(code).toBe(0);
    const file = join(folder, 'registry.json');
    writeFileSync(file, out);
    await registry.close();
    await etcd.control.deletePrefix('/dubbo/');
    const dry = await leasehold('import', file, '--dry-run');
    expect(dry.out).toMatch(/^skip\t.*\nwrite\t|^write\t.*\nskip\t/);
    expect(await etcd.control.list('/dubbo/')).toEqual([]);
    expect(await leasehold('import', file)).toMatchObject({ code: 2, out: '' });
    expect(await etcd.control.list('/dubbo/')).toEqual([]);
    const holding = begin('import', file, '--yes', '--hold');
    await holding.says(/1 written, 1 held/);
    expect(await keys()).toEqual([one]);
    holding.signal('SIGTERM');
    expect(await holding.code).toBe(0);
    expect(await keys()).toEqual([]);
    const [kept] = await etcd.control.list(`/dubbo/${service}/configurators/`);
    expect(kept).toMatchObject({ lease: '0', key: expect.stringContaining(encodeURIComponent(lasting)) });
    expect((await leasehold('import', file, '--yes')).out).toBe(
      '0 written, 0 held, 2 left out or there already\n',
    );
  });

  test('no password is printed, nor written unless asked for', async () => {
    const url = `dubbo://user:sEcret@10.0.0.1:20880/${service}`;
    await registry.register(url);
    const outputs = await Promise.all(
      [['ls'], ['get', service], ['explain', service], ['export'], ['doctor', '--read-only']].map((args) =>
        leasehold(...args, '--user', 'someone:sEcret', '-o', 'ndjson'),
      ),
    );
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(JSON.stringify(outputs)).not.toContain('sEcret');
    expect((await leasehold('export', '--with-passwords')).out).toContain('sEcret');
  });

  test('an etcd that does not answer is exit code 4, soon', async () => {
    const code = async (...args: string[]): Promise<number> =>
      (await spawned([...args, '--endpoints', '127.0.0.1:1', '--timeout', '300ms'])).code;
    const codes = [code('ls'), code('get', service), code('watch'), code('register', one), code('export')];
    expect(await Promise.all(codes)).toEqual([4, 4, 4, 4, 4]);
    const doctor = await spawned(['doctor', '--endpoints', '127.0.0.1:1', '--timeout', '300ms']);
    expect(doctor).toMatchObject({ code: 1, out: expect.stringMatching(/^fail {2}endpoint/) });
  });

  test('a reader that goes away ends the command without a complaint', async () => {
    const watch = begin('watch', service);
    await registry.register(one);
    await watch.says(/10\.0\.0\.1/);
    watch.hangUp();
    await registry.register(two);
    expect(await watch.code).toBe(141);
    expect(watch.err()).toBe('');
  });
}

describe('the command on the in-memory etcd', () => commandTests(memoryEtcdUnderTest));
describeOnEtcd('the command on a real etcd', () => commandTests(realEtcdUnderTest));

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

describeOnEtcd('the command and an etcd with users', () => {
  test('says who is refused, with exit code 5, and doctor what to do', async () => {
    await using etcd = await startEtcd();
    for (const line of [
      'user add root:sEcret',
      'user add reader:sEcret',
      'user grant-role root root',
      'auth enable',
    ]) {
      await etcd.etcdctl(...line.split(' '));
    }
    const env = { ETCDCTL_ENDPOINTS: etcd.endpoint };
    const as = (user: string, ...args: string[]): ReturnType<typeof spawned> =>
      spawned([...args, '--timeout', '1s'], { env: { ...env, ETCDCTL_USER: user } });
    expect(await as('root:sEcret', 'ls')).toMatchObject({ code: 3 });
    const answers = await Promise.all([
      spawned(['ls', '--timeout', '1s'], { env }),
      as('root:wrOng', 'ls'),
      as('reader:sEcret', 'ls'),
      as('reader:sEcret', 'register', one),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([5, 5, 5, 5]);
    expect(JSON.stringify(answers)).not.toMatch(/sEcret|wrOng/);
    const doctor = await as('root:wrOng', 'doctor');
    expect(doctor).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^fail {2}auth[\s\S]*→ give --user/),
    });
    const allowed = await as('root:sEcret', 'doctor');
    expect(allowed).toMatchObject({ code: 0, out: expect.stringContaining('logged in as root') });
  });
});
