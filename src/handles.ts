/** What `register` and `subscribe` give to their callers. */
import type { ServiceUrl } from './url.js';

export interface CallOptions {
  /** Gives the call up; what it began is undone. */
  readonly signal?: AbortSignal;
}

export interface RegisterOptions extends CallOptions {
  /** Nothing is written before this resolves; a service that is not ready is found by nobody. If it rejects, so does the call. */
  readonly when?: Promise<unknown>;
}

export interface CloseOptions {
  /** Withdraws first, and waits so long before the rest, so that consumers can notice, in milliseconds. @defaultValue 0 */
  readonly drainMs?: number;
}

/** One registration. Closing it withdraws the key, unless another registration of this process holds it too. */
export interface RegistrationHandle extends AsyncDisposable {
  readonly url: ServiceUrl;
  readonly key: string;
  /** Idempotent; see {@link Registry.unregister} for what it waits for. */
  close(options?: CallOptions): Promise<void>;
}

/** One listener on one URL. */
export interface SubscriptionHandle extends AsyncDisposable {
  readonly url: ServiceUrl;
  /** After this was called the listener is not notified again. Idempotent. */
  close(): Promise<void>;
}

export function registrationHandle(
  url: ServiceUrl,
  key: string,
  withdraw: (options: CallOptions) => Promise<void>,
): RegistrationHandle {
  let closed: Promise<void> | undefined;
  const close = (options: CallOptions = {}): Promise<void> => {
    closed ??= withdraw(options);
    return closed;
  };
  return { url, key, close, [Symbol.asyncDispose]: () => close() };
}

export function subscriptionHandle(url: ServiceUrl, end: () => Promise<void>): SubscriptionHandle {
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= end();
    return closed;
  };
  return { url, close, [Symbol.asyncDispose]: close };
}
