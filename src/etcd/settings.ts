/** What the etcd side has to know; src/options.ts fills it from the user's options. */

/** Certificates as PEM, for endpoints that start with `https://`. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** With what to log in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface EtcdSettings {
  /** A function is asked anew for each login. */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>) | undefined;
  /** A function is asked anew for each link. */
  readonly tls?: TlsSettings | (() => TlsSettings) | undefined;
  /** Deadline of one request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Where the sentinel and the fences live; outside the registry's root. */
  readonly metaRoot: string;
  /** The registry's root; read when the sentinel may not be. */
  readonly root: string;
}

/** The sentinel: a key that only a wipe, a restore or another cluster can make vanish. */
export function sentinelKey(settings: EtcdSettings): string {
  return `${settings.metaRoot}/sentinel`;
}

/** The fence of the process that holds this lease. */
export function fenceKey(settings: EtcdSettings, leaseId: string): string {
  return `${settings.metaRoot}/fences/${leaseId}`;
}
