/** The in-memory etcd as one handle: the core, its desk, and the listener that is made anew at each start. */
import type { User } from '../etcd-core/access.js';
import { bytesOf, textOf } from '../etcd-core/bytes.js';
import { EtcdCore } from '../etcd-core/core.js';
import type { KeyState } from '../etcd-core/revisions.js';
import type {
  MemoryEtcd,
  MemoryEtcdKey,
  MemoryEtcdLease,
  MemoryEtcdOptions,
  MemoryEtcdUser,
} from '../memory-etcd.js';
import { Desk } from './desk.js';
import { Listener } from './listener.js';

export class MemoryEtcdServer implements MemoryEtcd {
  readonly #host: string;
  readonly #core: EtcdCore;
  readonly #desk: Desk;
  #port: number;
  #listener: Listener | undefined;
  #stopped = false;
  #delayMs = 0;

  constructor({ host = '127.0.0.1', port = 0, ...options }: MemoryEtcdOptions) {
    this.#host = host;
    this.#port = port;
    this.#core = new EtcdCore(options);
    this.#desk = new Desk(this.#core);
  }

  get endpoint(): string {
    return `${this.#host}:${this.#port}`;
  }

  get revision(): string {
    return String(this.#core.revision);
  }

  get watcherCount(): number {
    return this.#core.watcherCount;
  }

  async open(): Promise<void> {
    const listener = new Listener(this.#desk, () => this.#delayMs);
    this.#port = await listener.listen(this.#host, this.#port);
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.crash();
  }

  async crash(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#desk.down();
    await listener?.close();
  }

  async restart(): Promise<void> {
    if (this.#stopped) throw new Error('cannot restart the in-memory etcd: it was stopped for good');
    await this.crash();
    this.#desk.up();
    await this.open();
  }

  wipe(): void {
    this.#core.wipe();
    this.#listener?.dropConnections();
  }

  freeze(): void {
    this.#desk.freeze();
    this.#listener?.freeze();
  }

  thaw(): void {
    this.#desk.thaw();
    this.#listener?.thaw();
  }

  loseLeader(): void {
    this.#desk.loseLeader();
    this.#listener?.dropLeaderless();
  }

  regainLeader(): void {
    this.#desk.regainLeader();
  }

  setNoSpace(raised: boolean): void {
    const { member_id: memberID } = this.#core.header();
    this.#core.alarm({ action: raised ? 'Activate' : 'Deactivate', memberID, alarm: 'Nospace' });
  }

  setUsers(users?: Readonly<Record<string, MemoryEtcdUser>>): void {
    const known = users && new Map(Object.entries(users).map(([name, user]) => [name, userOf(user)]));
    this.#core.gate.access.setUsers(known);
  }

  expireTokens(): void {
    this.#core.gate.access.forgetTokens();
  }

  deny(...prefixes: string[]): void {
    this.#core.gate.access.close(prefixes.map(orderedText));
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  compact(revision: string = this.revision): void {
    this.#core.compact({ revision });
  }

  dropStreams(): void {
    this.#listener?.dropStreams();
  }

  dropConnections(): void {
    this.#listener?.dropConnections();
  }

  expireLease(id: string): void {
    this.revokeLease(id);
  }

  revokeLease(id: string): void {
    this.#core.leaseRevoke({ ID: id });
  }

  keys(prefix = ''): MemoryEtcdKey[] {
    return this.#core
      .states()
      .map(keyOf)
      .filter(({ key }) => key.startsWith(prefix));
  }

  leases(): MemoryEtcdLease[] {
    return this.#core.leases().map(({ id, ttlSeconds, keys }) => ({
      id,
      ttlSeconds,
      keys: [...keys].sort().map((key) => bytesOf(key).toString('utf8')),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function keyOf(state: KeyState): MemoryEtcdKey {
  return {
    key: bytesOf(state.key).toString('utf8'),
    value: state.value.toString('utf8'),
    lease: state.lease,
    createRevision: String(state.createRevision),
    modRevision: String(state.modRevision),
  };
}

function userOf({ password, prefixes = [''] }: MemoryEtcdUser): User {
  return { password, prefixes: prefixes.map(orderedText) };
}

function orderedText(text: string): string {
  return textOf(Buffer.from(text));
}
