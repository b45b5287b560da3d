/** The commands that look, as they are installed: each as a process of its own, on both etcds. */
import { describe, expect, test } from 'vitest';
import { spawned } from '../support/command-run.js';
import { CommandStage, one, prefix, service, two } from '../support/command-stage.js';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startEtcd } from '../support/real-etcd.js';

function lookingTests(start: () => Promise<EtcdUnderTest>): void {
  const stage = new CommandStage(start);

  test('ls lists the services, by lines for a pipe and as JSON for a program', async () => {
    await Promise.all([stage.registry.register(one), stage.registry.register(two)]);
    await stage.registry.register('dubbo://10.0.0.3:20880/com.acme.Stock');
    const listed = await stage.leasehold('ls');
    expect(listed).toEqual({
      code: 0,
      out: 'com.acme.Orders\t2\t0\tblue\t1.0.0\ncom.acme.Stock\t1\t0\t-\t-\n',
      err: '',
    });
    const { out } = await stage.leasehold('ls', '*stock', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject([{ service: 'com.acme.Stock', providers: 1, groups: [] }]);
    expect(await stage.leasehold('ls', 'nobody')).toMatchObject({
      code: 3,
      out: '',
      err: 'no service fits nobody\n',
    });
  });

  test('get shows who is registered, and says what may have been meant', async () => {
    await stage.registry.register(one);
    await stage.registry.register(`override://0.0.0.0/${service}?category=configurators&dynamic=false`);
    const { out } = await stage.leasehold('get', service, '-o', 'ndjson');
    const leaseId = BigInt(stage.registry.status().lease.leaseId ?? '').toString(16);
    expect(JSON.parse(out)).toMatchObject({
      address: '10.0.0.1:20880',
      version: '1.0.0',
      lease: leaseId,
      url: one,
    });
    expect((await stage.leasehold('get', service, '--raw')).out).toBe(`${one}\n`);
    const configurators = await stage.leasehold('get', service, '--category', 'configurators', '-o', 'json');
    expect(JSON.parse(configurators.out)).toMatchObject([{ protocol: 'override', lease: null }]);
    const { code, err } = await stage.leasehold('get', 'com.acme.Order');
    expect(code).toBe(3);
    expect(err).toContain('did you mean com.acme.Orders?');
  });

  test('watch tells who comes, changes and goes, and through an outage', async () => {
    const watch = stage.begin('watch', service, '-o', 'ndjson');
    const events = (): readonly Record<string, unknown>[] =>
      watch
        .out()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = (event: string): unknown[] =>
      events().flatMap((each) => (each['event'] === event ? each['url'] : []));
    const first = await stage.registry.register(one);
    await eventually(() => expect(told('added')).toEqual([one]));
    await Promise.all([stage.registry.register(`${one}&weight=7`), first.close()]);
    // Both in one view, or one after the other: which, is etcd's to say.
    await eventually(() => expect([...told('changed'), ...told('added')]).toContain(`${one}&weight=7`));
    stage.etcd.proxy.stopAccepting();
    stage.etcd.proxy.resetAll();
    await eventually(() => expect(events().map(({ event }) => event)).toContain('stale'));
    await stage.etcd.proxy.startAccepting();
    await eventually(() => expect(events().map(({ event }) => event)).toContain('live'));
    await stage.registry.close();
    await eventually(() => expect(told('removed').at(-1)).toBe(`${one}&weight=7`));
    watch.signal('SIGINT');
    expect(await watch.code).toBe(0);
    expect(watch.err()).toBe('');
  });

  test('explain says what keeps a provider from matching', async () => {
    await stage.registry.register(one);
    const { code, out } = await stage.leasehold('explain', service, '--version', '2.0.0');
    expect(code).toBe(3);
    expect(out).toContain('version: wanted 2.0.0, found 1.0.0');
    const provided = await stage.leasehold('explain', service, '-o', 'json');
    expect(provided.code).toBe(0);
    expect(JSON.parse(provided.out)).toMatchObject({ finding: 'provided', matching: [one] });
  });

  test('explain says who is switched off, and by whom, though it matches', async () => {
    const off = `override://0.0.0.0/${service}?category=configurators&disabled=true&dynamic=false`;
    await stage.registry.register(one);
    await stage.registry.register(`dubbo://10.0.0.3:20880/${service}?disabled=true`);
    await stage.registry.register(off);
    const { code, out } = await stage.leasehold('explain', service);
    expect(code).toBe(0);
    expect(out).toContain('provided: 2 match, but see the remarks');
    expect(out).toContain(`but    a configurator switches providers off: ${off}\n`);
    expect(out).toContain('but    10.0.0.3:20880 is registered as switched off\n');
    const absent = await stage.leasehold('explain', 'com.acme.Nobody');
    expect(absent).toMatchObject({ code: 3, err: 'leasehold ls lists the services\n' });
  });

  test('doctor finds nothing wrong where nothing is, and leaves nothing behind', async () => {
    await stage.registry.register(one);
    const { code, out } = await stage.leasehold('doctor', '-o', 'json');
    const levels = (JSON.parse(out) as { readonly check: string; readonly level: string }[]).map(
      ({ check, level }) => `${check} ${level}`,
    );
    expect(levels).toEqual(
      ['endpoint', 'auth', 'lease', 'watch', 'zombies', 'strays', 'undecodable'].map(
        (check) => `${check} ok`,
      ),
    );
    expect(code).toBe(0);
    expect(await stage.etcd.control.list('/leasehold/doctor/')).toEqual([]);
  });

  test('doctor finds zombies, strays and what cannot be read, and says what to do', async () => {
    const zombie = `${prefix}${encodeURIComponent(one)}`;
    await stage.etcd.control.put(zombie, 'x');
    await stage.etcd.control.put(`${prefix}${encodeURIComponent(`${one}&timestamp=1`)}`, 'x');
    await stage.etcd.control.put(`${prefix}%zz`, 'x');
    await stage.etcd.control.put('/dubbo/a/b/c/d', 'x');
    const { code, out } = await stage.leasehold('doctor', '--read-only');
    expect(code).toBe(0);
    expect(out).toMatch(/^warn {2}zombies {6}2 entries have no lease/m);
    expect(out).toMatch(/^warn {2}zombies {6}1 address is registered more than once/m);
    expect(out).toMatch(/^warn {2}strays {7}1 key below/m);
    expect(out).toMatch(/^warn {2}undecodable {2}1 entry cannot be read/m);
    expect(out).toMatch(/^skip {2}lease/m);
    expect(out).toContain(`at ${zombie}`);
    expect(out.match(/→ .*etcdctl del/g)?.length).toBe(3);
    expect((await stage.leasehold('doctor', '--read-only', '--strict')).code).toBe(1);
  });

  test('ui serves a page for whoever knows its address, until it is told to end', async () => {
    await stage.registry.register(one);
    const ui = stage.begin('ui', service);
    const url = await ui.says(/^(http:\/\/127\.0\.0\.1:\d+\/\S+)$/m);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(new URL('/', url))).status).not.toBe(200);
    ui.signal('SIGINT');
    expect(await ui.code).toBe(0);
  });

  test('no password is printed, nor written unless asked for', async () => {
    const url = `dubbo://user:sEcret%40@10.0.0.1:20880/${service}?password=sEcret1&token=sEcret2`;
    const register = stage.begin('register', url, '-o', 'ndjson');
    await register.says(/registered/);
    const zombie = `dubbo://user:sEcret@10.0.0.2:20880/${service}?token=sEcret3`;
    await stage.etcd.control.put(`${prefix}${encodeURIComponent(zombie)}`, 'x');
    const looks = [['ls'], ['get', service], ['explain', service], ['export'], ['doctor', '--read-only']];
    const outputs = await Promise.all(
      ['ndjson', 'text'].flatMap((format) =>
        looks.map((args) => stage.leasehold(...args, '--user', 'someone:sEcret', '-o', format)),
      ),
    );
    const raw = await stage.leasehold('get', service, '--raw');
    expect([...outputs, raw].map(({ code }) => code)).toEqual(Array.from({ length: 11 }, () => 0));
    expect(raw.out).toContain('?password=***&token=***');
    expect(JSON.stringify([outputs, raw, register.out(), register.err()])).not.toContain('sEcret');
    const open = (await stage.leasehold('export', '--with-passwords')).out;
    for (const secret of ['sEcret%40@', 'sEcret1', 'sEcret2', 'sEcret3']) expect(open).toContain(secret);
  });

  test('what others wrote cannot steer a terminal, in any form of the output', async () => {
    const url = `dubbo://10.0.0.1:20880/${service}?a=b\u001b]0;title\u0007&c=d\u202e\u{e0041}\u009b`;
    await stage.etcd.control.put(`${prefix}${encodeURIComponent(url)}`, 'x');
    await stage.etcd.control.put(`${prefix}%ZZ\u001b[31m`, 'x');
    const forms = ['text', 'table', 'json', 'ndjson'].flatMap((format) =>
      [['get', service], ['explain', service], ['doctor', '--read-only'], ['export']].map((args) =>
        stage.leasehold(...args, '-o', format),
      ),
    );
    const outputs = await Promise.all([...forms, stage.leasehold('get', service, '--raw')]);
    const printed = outputs.map(({ out, err }) => out + err).join('');
    expect(printed).toContain('\\u001b]0;title');
    expect(printed).not.toMatch(/[^\P{Cc}\n\t]|\p{Cf}/u);
    const { out } = await stage.leasehold('get', service, '-o', 'ndjson');
    expect(JSON.parse(out)).toMatchObject({ url: expect.stringContaining('d\u202e\u{e0041}') });
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
    const watch = stage.begin('watch', service);
    await stage.registry.register(one);
    await watch.says(/10\.0\.0\.1/);
    watch.hangUp();
    await stage.registry.register(two);
    expect(await watch.code).toBe(141);
    expect(watch.err()).toBe('');
  });
}

describe('commands that look, on the in-memory etcd', () => lookingTests(memoryEtcdUnderTest));
describeOnEtcd('commands that look, on a real etcd', () => lookingTests(realEtcdUnderTest));

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
    const forbidden = await as('reader:sEcret', 'doctor');
    expect(forbidden.out).toMatch(/^fail {2}auth[\s\S]*→ etcd knows this user, who may not read \/dubbo\//);
    const allowed = await as('root:sEcret', 'doctor');
    expect(allowed).toMatchObject({
      code: 0,
      out: expect.stringContaining('the credentials of root are not refused'),
    });
  });
});
