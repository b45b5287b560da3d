/**
 * The login of one link. etcd refuses a request with a void token before it does anything, so that a new login and the
 * same request again are no retry of something that may have happened (docs/decisions/0021).
 */
import { type AskSignal, Failure } from '../../machines/index.js';
import { failureFrom, isAuthNotEnabled } from './failure.js';
import type { Credentials, EtcdSettings } from './settings.js';
import type { Transport } from './transport.js';

/** More renewals in this time are no ends of tokens; the link is given up, and the connection machine waits. */
const renewalsMax = 5;
const renewalWindowMs = 10_000;

/** When tokens were renewed lately; shared by the links that follow one another, so that a new link is no new allowance. */
export class RenewalLimit {
  #times: readonly number[] = [];

  /** True if one more is allowed now; it then counts. */
  take(): boolean {
    const now = performance.now();
    const recent = this.#times.filter((time) => now - time < renewalWindowMs);
    const isAllowed = recent.length < renewalsMax;
    this.#times = isAllowed ? [...recent, now] : recent;
    return isAllowed;
  }
}

export class Login {
  readonly #transport: Transport;
  readonly #settings: EtcdSettings;
  readonly #limit: RenewalLimit;
  #generation = 0;
  #renewing: Promise<void> | undefined;

  constructor(transport: Transport, settings: EtcdSettings, limit: RenewalLimit) {
    this.#transport = transport;
    this.#settings = settings;
    this.#limit = limit;
  }

  /** False for a link that never logs in. */
  get isUsed(): boolean {
    return this.#settings.credentials !== undefined;
  }

  /** Counts the logins; what was sent under an earlier one was sent with a token that is replaced. */
  get generation(): number {
    return this.#generation;
  }

  /** Logs in, if there are credentials. */
  async start(signal: AskSignal): Promise<void> {
    if (this.isUsed) await this.#logIn(signal);
  }

  /** Does what may be refused for its token; if it is, once more with a new token. */
  async renewing<Answer>(attempt: () => Promise<Answer>): Promise<Answer> {
    const generation = this.#generation;
    try {
      return await attempt();
    } catch (thrown) {
      const failure = failureFrom(thrown);
      if (failure.kind !== 'unauthenticated') throw failure;
      await this.renew(generation, failure);
    }
    return attempt();
  }

  /**
   * Resolves when there is a token that is newer than this generation; whoever asks meanwhile waits for the same login.
   * Rejects with the refusal itself where there is nothing to log in with or tokens were renewed too often, and with
   * the login's own failure.
   */
  async renew(generation: number, refusal: Failure): Promise<void> {
    if (!this.isUsed) throw refusal;
    if (generation !== this.#generation) return;
    if (this.#renewing === undefined) {
      if (!this.#limit.take()) throw refusal;
      this.#renewing = this.#logIn().finally(() => {
        this.#renewing = undefined;
      });
    }
    await this.#renewing;
  }

  async #logIn(signal?: AskSignal): Promise<void> {
    try {
      const deadline = Date.now() + this.#settings.requestTimeoutMs;
      const { username: name, password } = await credentialsIn(this.#settings);
      const options = signal === undefined ? { deadline } : { deadline, signal };
      const { token } = await this.#transport.auth.authenticate({ name, password }, options);
      this.#transport.useToken(token);
    } catch (thrown) {
      // An etcd that asks for no login is not one that refuses ours.
      if (!isAuthNotEnabled(failureFrom(thrown))) throw loginFailure(failureFrom(thrown));
    }
    this.#generation += 1;
  }
}

/** Asked for at each login: what is refused now may have been replaced by then. */
async function credentialsIn({ credentials, requestTimeoutMs }: EtcdSettings): Promise<Credentials> {
  try {
    const given =
      typeof credentials === 'function' ? await inTime(credentials, requestTimeoutMs) : credentials;
    return { username: given?.username ?? '', password: given?.password ?? '' };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failure('unauthenticated', `the credentials cannot be read: ${reason}`, { cause: thrown });
  }
}

async function inTime<Answer>(ask: () => Answer | Promise<Answer>, timeoutMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const notAboutUs = new Set(['unreachable', 'timeout', 'unavailable', 'closed']);

/** Whatever else etcd answers to a login concerns the login, not the request that needed it. */
function loginFailure(failure: Failure): Failure {
  if (notAboutUs.has(failure.kind)) return failure;
  return new Failure('unauthenticated', failure.message, { cause: failure.cause });
}
