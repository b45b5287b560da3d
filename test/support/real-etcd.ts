/** A real etcd for tests: one member on 127.0.0.1 with a directory of its own, killed and removed at the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFreePort } from '../../src/testing/etcd-server/free-port.js';
import { EtcdClient } from './etcd-client.js';

/** True when the program can be started here. */
export function isInstalled(program: 'etcd' | 'etcdctl'): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

export class RealEtcd implements AsyncDisposable {
  readonly endpoint: string;
  readonly #peer: string;
  readonly #directory: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(endpoint: string, peer: string, directory: string, flags: readonly string[]) {
    this.endpoint = endpoint;
    this.#peer = peer;
    this.#directory = directory;
    this.#flags = flags;
  }

  /** Starts with an empty directory and resolves when requests are answered. */
  static async start(flags: readonly string[] = []): Promise<RealEtcd> {
    const directory = await mkdtemp(join(tmpdir(), 'leasehold-etcd-'));
    const endpoint = `127.0.0.1:${await freePort()}`;
    const etcd = new RealEtcd(endpoint, `127.0.0.1:${await freePort()}`, directory, flags);
    await etcd.run();
    return etcd;
  }

  /** Starts the process, again with the same data after {@link kill}. */
  async run(): Promise<void> {
    const url = `http://${this.endpoint}`;
    const peerUrl = `http://${this.#peer}`;
    const places = [
      '--data-dir',
      this.#directory,
      '--listen-client-urls',
      url,
      '--advertise-client-urls',
      url,
    ];
    const peers = ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl];
    const cluster = ['--initial-cluster', `default=${peerUrl}`, '--logger', 'zap', '--log-level', 'fatal'];
    const child = spawn('etcd', [...places, ...peers, ...cluster, ...this.#flags], { stdio: 'ignore' });
    this.#process = child;
    await using client = new EtcdClient(this.endpoint);
    while (!(await answers(client))) {
      if (child.exitCode !== null) throw new Error(`cannot start etcd: it exited with ${child.exitCode}`);
    }
  }

  /** Kills the process with SIGKILL; the data stays. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Asks once; the channel's reconnect pauses pace repeated questions. */
async function answers(client: EtcdClient): Promise<boolean> {
  return client.kv.range({ key: Buffer.from('?') }, { deadline: Date.now() + 1000 }).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  return onFreePort(async (port) => {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return port;
  });
}
