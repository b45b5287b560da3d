/** A registry in a process of its own, which can be stopped, killed and given another clock. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { keyOf, type Stage, service } from './stage.js';
import { Told } from './told.js';

const program = fileURLToPath(new URL('actor-process.ts', import.meta.url));

export interface ActorOptions {
  readonly sessionMs?: number;
  readonly firstHost?: number;
  readonly count?: number;
  /** @defaultValue the proxy's */
  readonly address?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that runs node, e.g. `prlimit --nofile=30`. */
  readonly under?: readonly string[];
}

export class ActorProcess {
  readonly urls: readonly string[];
  readonly events: string[] = [];
  readonly told: Told;
  readonly #child: ChildProcess;

  constructor(stage: Stage, options: ActorOptions = {}) {
    const { sessionMs = 3_000, firstHost = 800, count = 3, env = {}, under = [] } = options;
    this.urls = Array.from({ length: count }, (_, index) => {
      const host = firstHost + index;
      return `dubbo://10.0.${host >> 8}.${host & 255}:20880/${service}?check=false`;
    });
    this.told = new Told(stage.told[0]?.prefix ?? '');
    const address = options.address ?? stage.proxy.endpoint.replace('http://', '');
    const command = [
      ...under,
      process.execPath,
      '--import',
      'tsx',
      program,
      address,
      service,
      String(sessionMs),
    ];
    this.#child = spawn(command[0] ?? '', [...command.slice(1), String(firstHost), String(count)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    createInterface({ input: this.#child.stdout ?? process.stdin }).on('line', (line) => this.#read(line));
  }

  /** Resolves once it has registered and subscribed, and its keys are in etcd. */
  async ready(stage: Stage): Promise<void> {
    await this.has('ready');
    await this.isRegistered(stage);
  }

  async has(event: string): Promise<void> {
    await eventually(() => expect(this.events).toContain(event));
  }

  async isRegistered(stage: Stage): Promise<void> {
    await eventually(async () => {
      for (const url of this.urls)
        expect(await stage.control.get(keyOf(url))).toMatchObject({ version: expect.any(String) });
    });
  }

  async isGone(stage: Stage): Promise<void> {
    await eventually(async () => {
      for (const url of this.urls) expect(await stage.control.get(keyOf(url))).toBeUndefined();
    });
  }

  say(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How many files it may have open from now on; those it has stay open. */
  limitFiles(count: number): void {
    execFileSync('prlimit', ['--pid', String(this.#child.pid), `--nofile=${count}:`]);
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Closes it and resolves with its exit code, when it has ended by itself. */
  async close(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    await this.has('started');
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(10_000) });
    this.say('close');
    try {
      const [code] = (await exited) as [number | null];
      return code;
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }

  #read(line: string): void {
    const { event, told } = JSON.parse(line) as {
      event?: string;
      told?: { urls: string[]; history: number; revision: string };
    };
    if (event !== undefined) this.events.push(event);
    if (told === undefined) return;
    const urls = told.urls.filter((url) => !url.startsWith('empty:')).sort();
    this.told.views.push({ history: told.history, revision: Number(told.revision), urls });
  }
}
