/**
 * The one error class of the public API and its closed set of codes. Everything this package throws at a caller is
 * a RegistryError; what a machine remembers about a failure is plain data and does not belong here.
 */

/**
 * Why a call failed.
 *
 * - `INVALID_URL`: a url, a key or a value of one cannot be read or written in Dubbo's form.
 * - `INVALID_OPTION`: an option or a configuration text is malformed or contradicts another.
 * - `INVALID_ADDRESS`: the registry address names no etcd that could be dialled.
 * - `CLOSED`: the registry was closed before the call, or while it waited.
 * - `UNREACHABLE`: no endpoint could be reached.
 * - `TIMEOUT`: no answer within the deadline; the request may still be applied.
 * - `UNAUTHENTICATED`: credentials are missing, wrong or expired.
 * - `PERMISSION_DENIED`: authenticated, but not permitted for this key or prefix.
 * - `TOO_LARGE`: the entry exceeds a limit of etcd.
 * - `NO_SPACE`: etcd's storage quota is used up.
 * - `REFUSED`: etcd refuses the request for another reason.
 * - `ABORTED`: the caller's signal was aborted, or what was asked for was withdrawn meanwhile.
 * - `INTERNAL`: a fault of this package; never expected, always worth a report.
 */
export type RegistryErrorCode =
  | 'INVALID_URL'
  | 'INVALID_OPTION'
  | 'INVALID_ADDRESS'
  | 'CLOSED'
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'TOO_LARGE'
  | 'NO_SPACE'
  | 'REFUSED'
  | 'ABORTED'
  | 'INTERNAL';

/** What is known about a failure beside its code. Only facts that apply are present. */
export interface RegistryErrorFacts {
  /** The text that could not be read. It may be long, and hold a password. */
  readonly text?: string;
  /** Where in `text` reading stopped, in UTF-16 units. */
  readonly position?: number;
  /** What is wrong, without the context that the message adds. */
  readonly reason?: string;
  /** The name of the option, parameter or property concerned. */
  readonly option?: string;
  /** The etcd key concerned. */
  readonly key?: string;
  /** The registry or etcd address concerned, without credentials. */
  readonly address?: string;
  /** The deadline that passed. */
  readonly timeoutMs?: number;
}

/**
 * What every rejected promise and thrown call of this package carries. The message reads
 * `what we were doing: what happened; what to do`; programs look at `code`, people at the message.
 *
 * The fact `text` is not enumerable, so that printing or serialising the error shows no secret.
 */
export class RegistryError extends Error implements RegistryErrorFacts {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  declare readonly text?: string;
  declare readonly position?: number;
  declare readonly reason?: string;
  declare readonly option?: string;
  declare readonly key?: string;
  declare readonly address?: string;
  declare readonly timeoutMs?: number;

  constructor(
    code: RegistryErrorCode,
    message: string,
    facts: RegistryErrorFacts & { readonly cause?: unknown } = {},
  ) {
    const { cause, text, ...shown } = facts;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, shown);
    if (text !== undefined) Object.defineProperty(this, 'text', { value: text, enumerable: false });
  }
}

/** True for a {@link RegistryError}, also one thrown by another copy of this package; with a code, for that code. */
export function isRegistryError(thrown: unknown, code?: RegistryErrorCode): thrown is RegistryError {
  if (!(thrown instanceof Error) || thrown.name !== 'RegistryError') return false;
  return code === undefined || (thrown as RegistryError).code === code;
}
