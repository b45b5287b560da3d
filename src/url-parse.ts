/**
 * Reads the text of a Dubbo URL, step by step as `URL.valueOf` of Dubbo 2.7.1. No percent-decoding happens here.
 * Only the body is read, because that is where a text can be wrong; the query is left to url-query.ts.
 */
import { RegistryError } from './errors.js';
import { javaTrim, parseJavaInt } from './java-text.js';
import { quoted } from './quoted.js';
import { normalParts, type UrlParts } from './url-parts.js';

/** A text cut in two: its body read, its query still as written. */
export interface ParsedUrl {
  readonly parts: UrlParts;
  /** What follows the first `?`, or ''. */
  readonly query: string;
}

/** Reads a URL text, or throws an INVALID_URL with the text, the position and the reason. */
export function parseUrlText(text: string): ParsedUrl {
  if (typeof text !== 'string') throw unreadable(String(text), 0, 'it is no text');
  const trimmed = javaTrim(text);
  if (trimmed === '') throw unreadable(text, 0, 'it is empty');
  const queryAt = trimmed.indexOf('?');
  const body = queryAt < 0 ? trimmed : trimmed.slice(0, queryAt);
  const query = queryAt < 0 ? '' : trimmed.slice(queryAt + 1);
  const { protocol, start } = readProtocol(body);
  if (protocol === '') throw unreadable(text, text.indexOf(trimmed), 'the protocol is missing');
  const slash = body.indexOf('/', start);
  const path = slash < 0 ? undefined : body.slice(slash + 1);
  const authority = body.slice(start, slash < 0 ? body.length : slash);
  const at = authority.lastIndexOf('@');
  const user = readUser(at < 0 ? undefined : authority.slice(0, at));
  const address = authority.slice(at + 1);
  const { host, port, digits } = readAddress(address);
  if (port === undefined) {
    const position = text.indexOf(trimmed) + start + authority.length - digits.length;
    throw unreadable(text, position, `the port ${quoted(digits)} is not a 32-bit integer`);
  }
  return { parts: normalParts({ protocol, ...user, host, port, path }, text), query };
}

/** `start` is where the authority begins; in the short form `protocol:/path` that is the slash, so it is empty. */
function readProtocol(body: string): { protocol: string | undefined; start: number } {
  const long = body.indexOf('://');
  if (long >= 0) return { protocol: body.slice(0, long), start: long + 3 };
  const short = body.indexOf(':/');
  return short < 0 ? { protocol: undefined, start: 0 } : { protocol: body.slice(0, short), start: short + 1 };
}

function readUser(info: string | undefined): Pick<UrlParts, 'username' | 'password'> {
  if (info === undefined) return { username: undefined, password: undefined };
  const colon = info.indexOf(':');
  if (colon < 0) return { username: info, password: undefined };
  return { username: info.slice(0, colon), password: info.slice(colon + 1) };
}

/** The last colon starts the port, unless it ends the address or a `%` behind it marks an IPv6 zone. */
function readAddress(address: string): {
  host: string | undefined;
  port: number | undefined;
  digits: string;
} {
  const colon = address.lastIndexOf(':');
  const hasPort = colon >= 0 && colon < address.length - 1 && !address.includes('%', colon);
  const host = hasPort ? address.slice(0, colon) : address;
  const digits = hasPort ? address.slice(colon + 1) : '';
  return { host: host === '' ? undefined : host, port: hasPort ? parseJavaInt(digits) : 0, digits };
}

function unreadable(text: string, position: number, reason: string): RegistryError {
  return new RegistryError(
    'INVALID_URL',
    `cannot read url ${quoted(text)}: ${reason}; write protocol://host:port/interface?key=value`,
    { text, position, reason },
  );
}
