/**
 * The seven parts of a Dubbo URL as plain data, and the rules that hold for them however they came about. Parsing,
 * rendering and ServiceUrl share this; nothing else needs it.
 */
import { RegistryError } from './errors.js';
import { quoted } from './quoted.js';

/** The components of `org.apache.dubbo.common.URL`; undefined stands for Java's null, which differs from ''. */
export interface UrlParts {
  readonly protocol: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly host: string | undefined;
  /** 0 when absent; there is no upper bound. */
  readonly port: number;
  /** Without leading slashes. */
  readonly path: string | undefined;
}

/** The parts as the constructor of Dubbo 2.7.1's URL leaves them; a password without a user is an INVALID_URL. */
export function normalParts(parts: UrlParts, text?: string): UrlParts {
  if (isBlank(parts.username) && !isBlank(parts.password)) {
    const reason = 'it has a password without a user name';
    const what = text === undefined ? 'build a url' : `read url ${quoted(text)}`;
    throw new RegistryError('INVALID_URL', `cannot ${what}: ${reason}; name the user as well`, {
      reason,
      ...(text === undefined ? {} : { text }),
    });
  }
  const path = parts.path?.startsWith('/') ? parts.path.replace(/^\/+/, '') : parts.path;
  if (parts.port >= 0 && path === parts.path) return parts;
  return { ...parts, port: Math.max(0, parts.port), path };
}

/** True for undefined and ''. */
export function isBlank(text: string | undefined): text is undefined | '' {
  return text === undefined || text === '';
}
