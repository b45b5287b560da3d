/**
 * A real etcd of a test's own: free ports on 127.0.0.1, data in a temporary folder, and the ways to harm it.
 * Ends only what it started. Used by the contract and fault rings, and by benchmarks; knows nothing of vitest.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectControl } from './control-client.js';
import { type EtcdBinary, locateEtcd } from './etcd-binary.js';
import { freePort } from './free-port.js';
import { ownFolder, removeOwnFolder, spawnOwned } from './own-processes.js';

export interface StartOptions {
  /** @defaultValue what {@link locateEtcd} finds */
  readonly binary?: EtcdBinary;
  /** Further flags of the server, for example `--auth-token-ttl=3`. */
  readonly flags?: readonly string[];
}

export interface RealEtcd extends AsyncDisposable {
  /** For example `http://127.0.0.1:23790`; the same through every restart. */
  readonly endpoint: string;
  /** Where its data and its log are. */
  readonly folder: string;
  /** The process id while it runs. */
  readonly pid: number | undefined;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. */
  terminate(): Promise<void>;
  /** Starts it again on the same ports with the same data; kills it first if it still runs. */
  restart(): Promise<void>;
  /** Deletes all data. Only while it is down; after {@link restart} history begins at revision 1 again. */
  wipe(): void;
  /** SIGSTOP: sockets stay open and nobody answers. Resolves when its last thread has stopped. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** Makes every revision below this one unreadable. */
  compact(revision: string): Promise<void>;
  /** Runs etcdctl against this etcd and resolves with what it printed. */
  etcdctl(...args: readonly string[]): Promise<string>;
  /** Kills it and deletes its folder. Idempotent. */
  stop(): Promise<void>;
}

const readyMsMax = 20_000;
const terminateMsMax = 15_000;

/** Resolves when the new etcd answers; rejects with the end of its log when it does not. */
export async function startEtcd(options: StartOptions = {}): Promise<RealEtcd> {
  const binary = options.binary ?? locateEtcd();
  if (binary === undefined) throw new Error('no etcd binary: set ETCD_BIN or install etcd-server');
  for (let attempt = 1; ; attempt++) {
    const etcd = new OwnEtcd(binary, options.flags ?? [], await freePort(), await freePort());
    try {
      await etcd.restart();
      return etcd;
    } catch (error) {
      await etcd.stop();
      // Somebody took one of the ports between our look and etcd's bind.
      if (attempt === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

class OwnEtcd implements RealEtcd {
  readonly endpoint: string;
  readonly #binary: EtcdBinary;
  readonly #flags: readonly string[];
  readonly folder = ownFolder('leasehold-etcd');
  readonly #data = join(this.folder, 'data');
  readonly #log = join(this.folder, 'etcd.log');
  #process: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(binary: EtcdBinary, flags: readonly string[], clientPort: number, peerPort: number) {
    this.#binary = binary;
    this.endpoint = `http://127.0.0.1:${clientPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    this.#flags = [
      `--name=default`,
      `--data-dir=${this.#data}`,
      `--listen-client-urls=${this.endpoint}`,
      `--advertise-client-urls=${this.endpoint}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--logger=zap',
      '--log-level=warn',
      ...flags,
    ];
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#gone;
  }

  async terminate(): Promise<void> {
    this.#process?.kill('SIGTERM');
    const late = new AbortController();
    const tooLate = pause(terminateMsMax, 'tooLate', { signal: late.signal }).catch(() => 'done');
    const first = await Promise.race([this.#gone, tooLate]);
    late.abort();
    if (first === 'tooLate') throw new Error(`etcd still runs ${terminateMsMax} ms after SIGTERM`);
  }

  async restart(): Promise<void> {
    await this.kill();
    const log = openSync(this.#log, 'a');
    const child = spawnOwned(this.#binary.etcd, this.#flags, log);
    closeSync(log);
    this.#process = child;
    this.#gone = new Promise((resolve) => {
      const over = (): void => {
        this.#process = undefined;
        resolve();
      };
      child.once('exit', over);
      child.once('error', over);
    });
    await this.#answers();
  }

  wipe(): void {
    if (this.#process !== undefined) throw new Error('cannot wipe a running etcd: kill() it first');
    rmSync(this.#data, { recursive: true, force: true });
  }

  async freeze(): Promise<void> {
    const pid = this.#signal('SIGSTOP');
    // Until each thread has met the signal, one of them may still answer.
    while (!hasStopped(pid)) await pause(1);
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  async compact(revision: string): Promise<void> {
    const control = connectControl(this.endpoint);
    try {
      await control.compact(revision);
    } finally {
      control.close();
    }
  }

  async etcdctl(...args: readonly string[]): Promise<string> {
    const program = this.#binary.etcdctl;
    if (program === undefined) throw new Error('no etcdctl beside etcd or on PATH: install etcd-client');
    const env = { ...process.env, ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: this.endpoint };
    const { stdout } = await promisify(execFile)(program, [...args], { env, timeout: 15_000 });
    return stdout.trimEnd();
  }

  async stop(): Promise<void> {
    await this.kill();
    removeOwnFolder(this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #signal(signal: NodeJS.Signals): number {
    if (this.pid === undefined) throw new Error(`cannot send ${signal}: etcd does not run`);
    this.#process?.kill(signal);
    return this.pid;
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + readyMsMax;
    while (!(await isHealthy(this.endpoint))) {
      if (this.#process === undefined) throw new Error(`etcd ended while starting:\n${this.#logTail()}`);
      if (performance.now() > deadline) {
        throw new Error(`etcd does not answer after ${readyMsMax} ms:\n${this.#logTail()}`);
      }
      await pause(20);
    }
  }

  #logTail(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').slice(-2_000) : 'no log was written';
  }
}

/** True when every thread of the process is stopped, or gone; where there is no /proc, that is taken on trust. */
function hasStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  return readdirSync(tasks).every((task) => {
    try {
      return /\) [TZX] /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
    } catch {
      return true;
    }
  });
}

/** True when etcd says that a linearizable read succeeds, hence that there is a leader. */
function isHealthy(endpoint: string): Promise<boolean> {
  return new Promise((answer) => {
    const asked = request(`${endpoint}/health`, { agent: false, timeout: 2_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => answer(response.statusCode === 200 && text.includes('"true"')));
      response.on('error', () => answer(false));
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', () => answer(false));
    asked.end();
  });
}
