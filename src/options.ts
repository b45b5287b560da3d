/** What a registry can be told, checked once, with every relation between options; and the settings that follow from it. */
import { cachePathOf } from './cache-path.js';
import type { EngineSettings } from './compose.js';
import { loadSettings } from './config.js';
import { RegistryError } from './errors.js';
import type { Credentials, TlsSettings } from './etcd/settings.js';
import { KeyLayout, rootOf } from './key-layout.js';
import type { Logger } from './logger.js';
import { endpointsOf, leaseTtlSeconds, parseRegistryAddress, registryCacheKey } from './registry-address.js';
import { timerMsMax } from './timer-limit.js';
import type { ServiceUrl } from './url.js';

/** What a registry may be told. What is left out comes from the environment, `dubbo.properties`, or is the default. */
export interface RegistryOptions {
  /** `etcd3://host:2379?backup=…&session=…&group=…`, or `host:port,host:port`. @defaultValue what the environment or dubbo.properties says, else 127.0.0.1:2379 */
  readonly address?: string;
  /** Both for an etcd that asks for them. */
  readonly username?: string;
  readonly password?: string;
  /**
   * In place of `username` and `password`: asked anew for each login, which is at least once for each connection and
   * whenever a token has ended, so that a password can be replaced while the registry runs. It has `requestTimeoutMs`.
   */
  readonly credentials?: () => Credentials | Promise<Credentials>;
  /** The root of all keys. @defaultValue 'dubbo' */
  readonly group?: string;
  /** Reject `createRegistry` if etcd cannot be reached within `timeoutMs`. @defaultValue true */
  readonly check?: boolean;
  /** How long a call may wait for etcd, in milliseconds. @defaultValue 5000 */
  readonly timeoutMs?: number;
  /** Deadline of one request to etcd, in milliseconds; less than a third of the session. @defaultValue 2000, or less for a short session */
  readonly requestTimeoutMs?: number;
  /** The lease's TTL in milliseconds, rounded up to seconds; etcd's minimum is 2 s. @defaultValue 30000 */
  readonly sessionMs?: number;
  /** How often the lease's content is compared with what is desired, in milliseconds, ±10 %. @defaultValue 30000 */
  readonly auditIntervalMs?: number;
  /** The longest that `close` may take, its drain aside, in milliseconds. @defaultValue 2000 */
  readonly closeTimeoutMs?: number;
  /** How long the last view stands when a wiped etcd says that nobody is left, in milliseconds. @defaultValue 30000 */
  readonly emptyProtectionMs?: number;
  /**
   * The shortest time between two notifications of a listener, in milliseconds. The first change after a quiet time is
   * told at once, what follows within the window is told together at its end; 0 leaves it at what arrives together.
   * Iterators are not held back: they give what is true when asked.
   * @defaultValue 50
   */
  readonly notifyWindowMs?: number;
  /** Where the sentinel and the fences are kept, outside the root. @defaultValue '/leasehold' */
  readonly metaRoot?: string;
  /**
   * Where what was last known is kept for a start without etcd, in Dubbo's format; `false` for nowhere. Processes may
   * share it; a file that does not begin like one of Dubbo's is left alone.
   * @defaultValue '~/.dubbo/dubbo-registry-<application>-<address>.cache'
   */
  readonly file?: string | false;
  /** The name of this program, as in the default of `file`. */
  readonly application?: string;
  /**
   * Certificates for endpoints that start with `https://`; a function is asked anew for each connection, so that they
   * can be replaced while the registry runs.
   */
  readonly tls?: TlsSettings | (() => TlsSettings);
  /** Is told of every state change with its reason, and of all that fails. @defaultValue none, which costs nothing */
  readonly logger?: Logger;
  /** Gives up creating the registry. */
  readonly signal?: AbortSignal;
}

/** Everything a registry needs to know. */
export interface RegistrySettings extends EngineSettings {
  readonly layout: KeyLayout;
  /** The address without credentials, for messages. */
  readonly shownAddress: string;
  readonly check: boolean;
  readonly timeoutMs: number;
  /** Equal for those who may share a registry. Holds the password; not to be shown. */
  readonly sharingKey: string;
  readonly notifyWindowMs: number;
  /** Undefined where no cache is kept. */
  readonly cachePath: string | undefined;
  readonly logger: Logger | undefined;
}

/** What a function that takes an address, options, or both was given. */
export function optionsOf(
  addressOrOptions: string | RegistryOptions,
  options: RegistryOptions,
): RegistryOptions {
  return typeof addressOrOptions === 'string' ? { ...options, address: addressOrOptions } : addressOrOptions;
}

const requestTimeoutMsDefault = 2_000;

/**
 * Checks the options and fills the gaps, from the environment and `dubbo.properties` where no option is given. Throws
 * INVALID_OPTION, INVALID_ADDRESS or INVALID_URL.
 */
export function resolveOptions(options: RegistryOptions): RegistrySettings {
  const { address, username: user, password: secret, group, check, timeoutMs, sessionMs } = options;
  // An empty address is a variable that nobody set, not a wish for the default.
  if (address !== undefined) parseRegistryAddress(address);
  requireOneLogin(options);
  const { file, application } = options;
  const named = { address, username: user, password: secret, group, check, file, application };
  const { url } = loadSettings({ ...named, timeout: timeoutMs, session: sessionMs });
  const ttlSeconds = ttlOf(url, sessionMs);
  const requestTimeoutMs =
    options.requestTimeoutMs === undefined
      ? Math.min(requestTimeoutMsDefault, Math.floor((ttlSeconds * 1_000) / 4))
      : requireMs('requestTimeoutMs', options.requestTimeoutMs);
  requireBelow(requestTimeoutMs, ttlSeconds);
  const layout = new KeyLayout(rootOf(url));
  const metaRoot = options.metaRoot ?? '/leasehold';
  requireOutside(metaRoot, layout.root);
  const { username, password } = url;
  const endpoints = securedEndpoints(url, options.tls !== undefined);
  return {
    sharingKey: `${[...new Set(endpoints)].sort().join()} ${registryCacheKey(url.withHost('etcd').withPort(0))}${loginKey(options)}`,
    layout,
    shownAddress: `${url.protocol}://${url.address}`,
    check: url.getBooleanParameter('check', true),
    timeoutMs: requireMs('timeoutMs', timeoutMs ?? url.getIntParameter('timeout', 5_000)),
    endpoints,
    cachePath: cachePathOf(url),
    root: layout.root,
    metaRoot,
    ttlSeconds,
    requestTimeoutMs,
    ...timesOf(options),
    credentials: options.credentials ?? (username ? { username, password: password ?? '' } : undefined),
    tls: options.tls,
    logger: options.logger,
  };
}

/** The times that only options can set. */
function timesOf(
  options: RegistryOptions,
): Pick<RegistrySettings, 'auditIntervalMs' | 'closeTimeoutMs' | 'emptyProtectionMs' | 'notifyWindowMs'> {
  return {
    auditIntervalMs: requireMs('auditIntervalMs', options.auditIntervalMs ?? 30_000),
    closeTimeoutMs: requireMs('closeTimeoutMs', options.closeTimeoutMs ?? 2_000),
    emptyProtectionMs: requireMs('emptyProtectionMs', options.emptyProtectionMs ?? 30_000),
    notifyWindowMs: requireMs('notifyWindowMs', options.notifyWindowMs ?? 50, '0 or more'),
  };
}

/** With protocol `https`, or with certificates, every endpoint that names no scheme itself is dialled over TLS. */
function securedEndpoints(url: ServiceUrl, hasTls: boolean): readonly string[] {
  const addresses = [url.address ?? '', ...url.getListParameter('backup', [])];
  const scheme = url.protocol === 'https' || hasTls ? 'https' : 'http';
  return endpointsOf(
    addresses.map((address) => (address.includes('://') ? address : `${scheme}://${address}`)).join(','),
  );
}

const loginKeys = new WeakMap<object, string>();
let loginCount = 0;

/** Who logs in by a function shares with those who use the same one. */
function loginKey({ credentials }: RegistryOptions): string {
  if (credentials === undefined) return '';
  const known = loginKeys.get(credentials);
  if (known !== undefined) return known;
  loginCount += 1;
  const key = ` login ${loginCount}`;
  loginKeys.set(credentials, key);
  return key;
}

function requireOneLogin({ credentials, username, password }: RegistryOptions): void {
  if (credentials === undefined || (username === undefined && password === undefined)) return;
  const reason = "'username' or 'password' is given too";
  throw new RegistryError(
    'INVALID_OPTION',
    `cannot use option 'credentials': ${reason}; give one or the other`,
    { option: 'credentials', reason },
  );
}

function ttlOf(url: ServiceUrl, sessionMs: number | undefined): number {
  const ttlMs = requireMs('sessionMs', sessionMs ?? leaseTtlSeconds(url) * 1_000);
  // etcd raises anything shorter to ceil(1.5 × election timeout), which is 2 s by default.
  return Math.max(2, Math.ceil(ttlMs / 1_000));
}

function requireMs(option: string, value: number, allowed: 'above 0' | '0 or more' = 'above 0'): number {
  const isEnough = value > 0 || (value === 0 && allowed === '0 or more');
  if (isEnough && value <= timerMsMax) return value;
  const reason = `it is ${value}`;
  throw new RegistryError(
    'INVALID_OPTION',
    `cannot use option '${option}': ${reason}; give milliseconds, ${allowed} and at most ${timerMsMax} (24 days)`,
    {
      option,
      reason,
    },
  );
}

function requireBelow(requestTimeoutMs: number, ttlSeconds: number): void {
  const limit = (ttlSeconds * 1_000) / 3;
  if (requestTimeoutMs < limit) return;
  const reason = `${requestTimeoutMs} ms is not below a third of the session of ${ttlSeconds} s`;
  throw new RegistryError(
    'INVALID_OPTION',
    `cannot use option 'requestTimeoutMs': ${reason}, so a renewal could come too late; lower it or raise sessionMs`,
    { option: 'requestTimeoutMs', reason },
  );
}

function requireOutside(metaRoot: string, root: string): void {
  const isPath = metaRoot.startsWith('/') && !metaRoot.endsWith('/');
  const isOutside = metaRoot !== root && !metaRoot.startsWith(`${root}/`);
  if (isPath && isOutside) return;
  const reason = isPath
    ? `it lies inside the root "${root}"`
    : 'it must begin with a slash and not end with one';
  throw new RegistryError(
    'INVALID_OPTION',
    `cannot use option 'metaRoot': ${reason}; give a path of its own`,
    {
      option: 'metaRoot',
      reason,
    },
  );
}
