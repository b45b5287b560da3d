/** Who may touch which keys: users with passwords and prefixes, tokens that expire, and prefixes closed to everybody. */
import { bytesOf, type KeySpan } from './bytes.js';
import { refusal } from './refusal.js';

export interface User {
  readonly password: string;
  /** Ordered text; he may touch keys under any of them. */
  readonly prefixes: readonly string[];
}

/** `simple` tokens are good for a while after each use, `jwt` ones for a while after they were given out. */
type TokenKind = 'simple' | 'jwt';

export interface AccessOptions {
  /** @defaultValue five minutes */
  readonly tokenTtlMs?: number;
  /** @defaultValue 'simple' */
  readonly tokens?: TokenKind;
}

interface Session {
  readonly user: User;
  /** Of the users, as they were when the token was given out. */
  readonly revision: number;
  expiresAtMs: number;
}

/** Who calls: a user, or nobody who is known. */
export type Caller = { readonly user: User; readonly isOld: boolean } | undefined;

export class Access {
  readonly #tokenTtlMs: number;
  readonly #tokens: TokenKind;
  #users: ReadonlyMap<string, User> | undefined;
  #closed: readonly string[] = [];
  readonly #sessions = new Map<string, Session>();
  #issued = 0;
  #revision = 0;

  constructor({ tokenTtlMs = 300_000, tokens = 'simple' }: AccessOptions) {
    this.#tokenTtlMs = tokenTtlMs;
    this.#tokens = tokens;
  }

  /** True when everybody may touch everything. */
  get isOpen(): boolean {
    return this.#users === undefined && this.#closed.length === 0;
  }

  /** Lets in these users only; everybody, if undefined. Tokens given out before are void; signed ones are told to be old. */
  setUsers(users: ReadonlyMap<string, User> | undefined): void {
    this.#users = users;
    this.#revision += 1;
    if (this.#tokens === 'simple') this.#sessions.clear();
  }

  /** Closes these prefixes to everybody and opens those closed before. */
  close(prefixes: readonly string[]): void {
    this.#closed = prefixes;
  }

  /** Makes every token void. */
  forgetTokens(): void {
    this.#sessions.clear();
  }

  /** What a restart does: signed tokens outlive it. */
  restart(): void {
    if (this.#tokens === 'simple') this.forgetTokens();
  }

  /** Gives out a token. etcd 3.4 minds a void one that comes with the request for another. */
  login(
    name: string,
    password: string,
    { token, nowMs }: { token: string | undefined; nowMs: number },
  ): string {
    if (!this.#users) throw refusal('noAuthentication');
    this.callerOf(token, nowMs);
    const user = this.#users.get(name);
    if (user?.password !== password) throw refusal('wrongPassword');
    this.#issued += 1;
    const issued = `${'simple'.padEnd(16, 'token')}.${this.#issued}`;
    const expiresAtMs = nowMs + this.#tokenTtlMs;
    this.#sessions.set(issued, { user, revision: this.#revision, expiresAtMs });
    return issued;
  }

  /** Who calls with that token; a void one is refused. */
  callerOf(token: string | undefined, nowMs: number): Caller {
    if (!this.#users || token === undefined) return undefined;
    const session = this.#sessions.get(token);
    if (!session || session.expiresAtMs <= nowMs) throw refusal('invalidToken');
    if (this.#tokens === 'simple') session.expiresAtMs = nowMs + this.#tokenTtlMs;
    return { user: session.user, isOld: session.revision !== this.#revision };
  }

  /** Refuses a caller who may not touch all of the spans. */
  check(caller: Caller, spans: Iterable<KeySpan>): void {
    if (this.isOpen) return;
    for (const span of spans) {
      if (this.#users && !caller) throw refusal('noUser');
      if (caller?.isOld) throw refusal('oldRevision');
      const isOpen = !this.#closed.some((prefix) => meets(span, prefix));
      const isHis = !caller || caller.user.prefixes.some((prefix) => isWithin(span, prefix));
      if (!isOpen || !isHis) throw refusal('permissionDenied');
    }
  }
}

/** The first text above all that begin with the prefix; null when there is none. */
function endOf(prefix: string): string | null {
  const bytes = bytesOf(prefix);
  for (let last = bytes.length - 1; last >= 0; last--) {
    const byte = bytes[last] ?? 0;
    if (byte < 255) return prefix.slice(0, last) + String.fromCharCode(byte + 1);
  }
  return null;
}

function isWithin({ from, until }: KeySpan, prefix: string): boolean {
  const end = endOf(prefix);
  return from >= prefix && (end === null || (until !== null && until <= end));
}

function meets({ from, until }: KeySpan, prefix: string): boolean {
  const end = endOf(prefix);
  return (end === null || from < end) && (until === null || until > prefix);
}
