/**
 * Who may see the page: this machine only, and only those who know the token. Host and Origin are checked so that
 * neither a foreign page nor a foreign name that leads to 127.0.0.1 can read it through somebody's browser.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export function randomToken(): string {
  return randomBytes(18).toString('base64url');
}

/** True for the names that only ever mean this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The rest of the path behind the token; undefined when the request may not be answered. */
export function allowedPath(request: IncomingMessage, token: string): string | undefined {
  const { host, origin } = request.headers;
  if (host === undefined || !isOwnHost(host, request)) return undefined;
  if (origin !== undefined && origin !== `http://${host}`) return undefined;
  const [, given = '', path = ''] = /^\/([^/?#]*)(\/[^?#]*)?/.exec(request.url ?? '') ?? [];
  return isEqual(given, token) ? path : undefined;
}

function isOwnHost(host: string, { socket }: IncomingMessage): boolean {
  const [, name = '', port = '80'] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1')) && Number(port) === socket.localPort;
}

function isEqual(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The page uses nothing but itself, and nobody may frame it, cache it or learn its address. */
export function protect(response: ServerResponse): void {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";
  response.setHeader(
    'content-security-policy',
    `${policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('cache-control', 'no-store');
}
