/** The stage of the tests of the leasehold command as a process: an etcd, a registry beside it, and how to run the command. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type CommandRun, spawnCommand, spawned } from './command-run.js';
import type { EtcdUnderTest } from './etcd-under-test.js';

export const service = 'com.acme.Orders';
export const one = `dubbo://10.0.0.1:20880/${service}?version=1.0.0`;
export const two = `dubbo://10.0.0.2:20880/${service}?group=blue&weight=50`;
export const prefix = `/dubbo/${service}/providers/`;

export class CommandStage {
  readonly #running: ReturnType<typeof spawnCommand>[] = [];
  #etcd: EtcdUnderTest | undefined;
  #registry: Registry | undefined;

  /** To be made inside `describe`: one etcd for all tests, and one registry for each. */
  constructor(start: () => Promise<EtcdUnderTest>) {
    beforeAll(async () => {
      this.#etcd = await start();
    });
    beforeEach(async () => {
      this.#registry = await createRegistry({ address: this.etcd.endpoint, file: false, sessionMs: 5_000 });
    });
    afterEach(async () => {
      for (const { child } of this.#running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
      await this.registry.close();
      await this.etcd.control.deletePrefix('/dubbo/');
    });
    afterAll(() => this.#etcd?.stop());
  }

  get etcd(): EtcdUnderTest {
    if (this.#etcd === undefined) throw new Error('the etcd is started before the tests');
    return this.#etcd;
  }

  /** Somebody else on the same etcd. */
  get registry(): Registry {
    if (this.#registry === undefined) throw new Error('the registry is made before each test');
    return this.#registry;
  }

  /** Runs the command to its end. */
  leasehold(...args: readonly string[]): ReturnType<typeof spawned> {
    return spawned(args, { env: { ETCDCTL_ENDPOINTS: this.etcd.endpoint } });
  }

  /** Starts the command; it is ended with the test. */
  begin(...args: readonly string[]): CommandRun {
    const begun = spawnCommand(args, { env: { ETCDCTL_ENDPOINTS: this.etcd.endpoint } });
    this.#running.push(begun);
    return begun;
  }

  /** The URLs that are registered as providers of the service. */
  async providers(): Promise<readonly string[]> {
    const listed = await this.etcd.control.list(prefix);
    return listed.map(({ key }) => decodeURIComponent(key.slice(prefix.length)));
  }
}
