/** How the command speaks to a person and to a pipe, in this process, on an in-memory etcd. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Ending } from '../../src/cli/ending.js';
import type { Host } from '../../src/cli/host.js';
import { Output } from '../../src/cli/output.js';
import { Terminal } from '../../src/cli/terminal.js';
import { createRegistry, type Registry } from '../../src/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { command, startCommand } from '../support/command-run.js';
import { eventually } from '../support/eventually.js';

const service = 'com.acme.Orders';
const url = `dubbo://10.0.0.1:20880/${service}?version=1.0.0`;

let etcd: MemoryEtcd;
let registry: Registry;

beforeAll(async () => {
  etcd = await startMemoryEtcd();
  registry = await createRegistry({ address: etcd.endpoint, file: false });
  await registry.register(url);
});

afterAll(async () => {
  await registry.close();
  await etcd.stop();
});

const here = (...args: string[]): string[] => [...args, '--endpoints', etcd.endpoint];

describe('on a terminal', () => {
  test('a list is a table with a bold header', async () => {
    const { out } = await command(here('ls'), { isTTY: true });
    expect(out).toContain('\u001b[1mSERVICE        \u001b[22m  ');
    expect(out).toMatch(/^com\.acme\.Orders {2} +1 {2} +0 {2}- {7}1\.0\.0$/m);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, []],
    ['--no-color', {}, ['--no-color']],
  ])('%s takes the colours and leaves the table', async (_name, env, more) => {
    const { out } = await command([...here('ls'), ...more], { isTTY: true, env });
    expect(out).toMatch(/^SERVICE {10}PROVIDERS/);
    expect(out).not.toContain('\u001b');
  });

  test('a hint says how to end what runs on', async () => {
    const watch = startCommand(here('watch', service), { isTTY: true });
    await watch.says(/10\.0\.0\.1/);
    expect(watch.err()).toContain('Ctrl-C ends it');
    watch.signal('SIGINT');
    expect(await watch.code).toBe(0);
  });

  test('import asks, and takes only yes for an answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leasehold-import-'));
    const file = join(folder, 'registry.ndjson');
    const lasting = 'override://0.0.0.0/a.B?category=configurators&dynamic=false';
    writeFileSync(
      file,
      JSON.stringify({ service: 'a.B', category: 'configurators', url: lasting, leased: false }),
    );
    for (const [answer, code, count] of [
      ['\n', 2, 0],
      ['no\n', 2, 0],
      ['yes\n', 0, 1],
    ] as const) {
      const importing = startCommand(here('import', file, '--root', 'imported'), { isTTY: true });
      await importing.says(/Write 1 and hold 0 entries below \/imported\? \[y\/N\] /);
      importing.type(answer);
      expect(await importing.code).toBe(code);
      expect(etcd.keys('/imported/a.B/').length).toBe(count);
    }
    rmSync(folder, { recursive: true });
  });

  test('import that waits for its input ends when it is told to', async () => {
    const importing = startCommand(here('import', '-'), { isTTY: true });
    importing.type('{');
    importing.signal('SIGINT');
    expect(await importing.code).toBe(130);
  });

  test('a password is asked for, and not shown', async () => {
    const ls = startCommand(here('ls', '--user', 'me'), { isTTY: true });
    await ls.says(/Password of me: /);
    ls.type('sEcret\n');
    expect(await ls.code).toBe(0);
    expect(ls.out() + ls.err()).not.toContain('sEcret');
  });
});

describe('to a pipe', () => {
  test('a list is lines with tabs, without header and colours', async () => {
    const { out } = await command(here('ls'));
    expect(out).toBe(`${service}\t1\t0\t-\t1.0.0\n`);
  });

  test('-o decides against the kind of output', async () => {
    expect((await command(here('ls', '-o', 'text'), { isTTY: true })).out).toBe(
      `${service}\t1\t0\t-\t1.0.0\n`,
    );
    expect((await command(here('ls', '-o', 'table'))).out).toMatch(/^SERVICE/);
    expect((await command(here('ls', '-o', 'ndjson'))).out).toMatch(/^\{"service".*\}\n$/);
  });

  test('-q leaves errors alone on stderr', async () => {
    expect(await command(here('ls', 'nobody', '-q'))).toEqual({ code: 3, out: '', err: '' });
    expect((await command(['lss', '-q'])).err).not.toBe('');
  });
});

test('a signal ends a command that is not done with the code of the signal', async () => {
  await using away = await startMemoryEtcd();
  away.freeze();
  const ls = startCommand(['ls', '--endpoints', away.endpoint]);
  ls.signal('SIGINT');
  expect(await ls.code).toBe(130);
  const second = startCommand(['ls', '--endpoints', away.endpoint]);
  second.signal('SIGTERM');
  expect(await second.code).toBe(143);
});

test('the second signal ends the process at once', () => {
  const codes: number[] = [];
  let send: (signal: 'SIGINT') => void = () => {};
  const host = {
    onSignal: (handler: typeof send) => {
      send = handler;
      return () => {};
    },
    exit: (code: number) => codes.push(code),
  };
  const ending = new Ending(host as unknown as Host);
  send('SIGINT');
  expect([ending.code, codes]).toEqual([130, []]);
  send('SIGINT');
  expect(codes).toEqual([130]);
});

describe('a terminal of a test', () => {
  let out = '';
  let err = '';
  const stream = (add: (text: string) => void, isTTY: boolean): object => ({
    isTTY,
    on: () => {},
    write: add,
  });

  afterEach(() => {
    out = '';
    err = '';
    vi.useRealTimers();
  });

  function terminalOf(isTTY: boolean, isQuiet = false): Terminal {
    const host = {
      env: {},
      stdin: {},
      stdout: stream((text) => (out += text), isTTY),
      stderr: stream((text) => (err += text), isTTY),
    };
    return new Terminal(host as unknown as Host, { isQuiet, hasColour: false, gone: () => {} });
  }

  test('says what takes more than a second, and wipes that away when it is done', async () => {
    vi.useFakeTimers();
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = terminalOf(true).during('reading', work);
    await vi.advanceTimersByTimeAsync(900);
    expect(err).toBe('');
    await vi.advanceTimersByTimeAsync(1_200);
    expect(err).toBe('reading … 1 s\r\u001b[Kreading … 2 s');
    finish();
    await done;
    expect(err.endsWith('2 s\r\u001b[K')).toBe(true);
  });

  test.each([
    ['a pipe', false, false],
    ['quiet', true, true],
  ])('says nothing of progress to %s', async (_name, isTTY, isQuiet) => {
    vi.useFakeTimers();
    void terminalOf(isTTY, isQuiet).during('reading', new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(err).toBe('');
  });

  test('shows foreign text without control characters, in every format', () => {
    const hostile = { text: 'a\u001b[31m\u009b2J\n\u202eb' };
    for (const format of ['text', 'table', 'json', 'ndjson'] as const) {
      new Output(terminalOf(true), format).list([hostile], [{ title: 'TEXT', text: ({ text }) => text }]);
    }
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(out).toContain('a\\u001b[31m');
  });
});

test('what came through etcd cannot be a command for the terminal either', async () => {
  const hostile = await createRegistry({ address: etcd.endpoint, file: false });
  await hostile.register('dubbo://10.0.0.1:1/evil.\u001b]0;title\u0007?version=\u009b31m');
  try {
    for (const args of [
      ['ls'],
      ['get', 'evil.\u001b]0;title\u0007'],
      ['doctor', '--read-only'],
      ['export'],
    ]) {
      const { out } = await command(here(...args, '--no-color'), { isTTY: true });
      expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    }
  } finally {
    await hostile.close();
  }
  await eventually(() => expect(etcd.keys('/dubbo/evil').length).toBeLessThan(2));
});
