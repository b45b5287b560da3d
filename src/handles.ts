/** What `register` and `subscribe` give to their callers. */
import type { ServiceUrl } from './url.js';

/** What every call that may have to wait for etcd takes. */
export interface CallOptions {
  /** Gives the call up: it rejects with ABORTED, and what it began is undone. A withdrawal is done all the same. */
  readonly signal?: AbortSignal;
}

/** How a URL is to be registered. */
export interface RegisterOptions extends CallOptions {
  /** Nothing is written before this resolves; a service that is not ready is found by nobody. If it rejects, so does the call. */
  readonly when?: Promise<unknown>;
}

/** How a registry is to end. */
export interface CloseOptions {
  /** Withdraws first, and waits so long before the rest, so that consumers can notice, in milliseconds. @defaultValue 0 */
  readonly drainMs?: number;
}

/** One registration. Closing it withdraws the key, unless another registration of this process holds it too. */
export interface RegistrationHandle extends AsyncDisposable {
  readonly url: ServiceUrl;
  /** The key in etcd. */
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

/** The handle of a registration; `withdraw` is called once. */
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

/** The handle of a subscription; `end` is called once. */
export function subscriptionHandle(url: ServiceUrl, end: () => Promise<void>): SubscriptionHandle {
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= end();
    return closed;
  };
  return { url, close, [Symbol.asyncDispose]: close };
}
