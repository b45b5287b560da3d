/** The example programs, run as a reader would run them, against one etcd in this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MemoryEtcd, startMemoryEtcd } from '../src/testing/index.js';
import { eventually } from './support/eventually.js';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Program {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when it has printed this; with what the pattern captured. */
  prints(pattern: RegExp): Promise<string>;
  /** Ends it as an orchestrator would. */
  end(): Promise<number | NodeJS.Signals | null>;
}

describe('the examples', () => {
  let etcd: MemoryEtcd;
  let programs: Program[];

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    programs = [];
  });

  afterEach(async () => {
    for (const { child } of programs) if (child.exitCode === null) child.kill('SIGKILL');
    await etcd.stop();
  });

  function run(name: string, address: string = etcd.endpoint): Program {
    const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
      cwd: root,
      env: { ...process.env, LEASEHOLD_ADDRESS: address },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    const program: Program = {
      child,
      output: () => output,
      prints: async (pattern) => {
        await eventually(() => expect(output).toMatch(pattern));
        return pattern.exec(output)?.[1] ?? '';
      },
      end: async () => {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        const [code, signal] = await exited;
        return code ?? signal;
      },
    };
    programs.push(program);
    return program;
  }

  function providers(service: string): number {
    return etcd.keys(`/dubbo/${service}/providers/`).length;
  }

  test('a consumer sees a provider come and go', async () => {
    const consumer = run('consumer');
    await consumer.prints(/^\+0 -0: nobody$/m);
    const provider = run('provider');
    const port = await provider.prints(/^providing on (\d+)$/m);
    await consumer.prints(new RegExp(`^\\+1 -0: 127.0.0.1:${port}$`, 'm'));
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('one order\n');
    expect(await provider.end()).toBe(0);
    await consumer.prints(/^\+0 -1: nobody$/m);
    expect(await consumer.end()).toBe(0);
  });

  test('a program without an address brings its own etcd', async () => {
    const consumer = run('consumer', '');
    await consumer.prints(/^etcd in memory: LEASEHOLD_ADDRESS=127/m);
    await consumer.prints(/^\+0 -0: nobody$/m);
    expect(await consumer.end()).toBe(0);
  });

  test('every way to ask who provides a service finds the one that does', async () => {
    const program = run('subscribing');
    await program.prints(/^told of every category$/m);
    await program.prints(/^1 now, 1 came, 0 went, live$/m);
    await program.prints(/^1: 10.0.0.1:20880 in a$/m);
    await program.prints(/^services: com.acme.Stock$/m);
    await program.prints(/^1 differ in version$/m);
    await eventually(() => expect(program.child.exitCode).toBe(0));
  });

  test('a service that comes and goes in order is found while it is there', async () => {
    const program = run('leaving');
    await program.prints(/^ready: found by 1$/m);
    await program.prints(/^online again: found by 1$/m);
    await program.prints(/^closed: closed$/m);
    await eventually(() => expect(program.child.exitCode).toBe(0));
    expect(providers('com.acme.Stock')).toBe(0);
  });

  test('a graceful shutdown answers the call that is under way, after it has withdrawn', async () => {
    const program = run('graceful-shutdown');
    const port = await program.prints(/^providing on (\d+)$/m);
    expect(providers('com.acme.Reports')).toBe(1);
    const answer = fetch(`http://127.0.0.1:${port}`);
    const ended = program.end();
    await eventually(() => expect(providers('com.acme.Reports')).toBe(0));
    expect(await (await answer).text()).toBe('done\n');
    expect(await ended).toBe('SIGTERM');
    expect(program.output()).toContain('all calls are answered');
  });

  test('readiness comes with the registration, and stays when etcd goes away', async () => {
    await etcd.crash();
    const program = run('readiness');
    const url = await program.prints(/(http:\S+)$/m);
    const [code, answer] = await readiness(url);
    expect([code, answer.waitingFor.length]).toEqual([503, 1]);
    await etcd.restart();
    await eventually(async () => expect((await readiness(url))[0]).toBe(200));
    await etcd.crash();
    await eventually(async () => expect((await readiness(url))[1].etcd).not.toBe('connected'));
    expect((await readiness(url))[0]).toBe(200);
    expect(await program.end()).toBe(0);
  });
});

async function readiness(url: string): Promise<[number, { etcd: string; waitingFor: readonly string[] }]> {
  const response = await fetch(url);
  return [response.status, (await response.json()) as { etcd: string; waitingFor: readonly string[] }];
}
