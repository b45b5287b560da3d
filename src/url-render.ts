/** Writes a Dubbo URL as text, as `URL.buildString` of Dubbo 2.7.1. Nothing is percent-encoded here. */
import type { UrlParts } from './url-parts.js';

/** Which of the switches of Dubbo's one rendering routine are on. */
export interface Rendering {
  readonly user: boolean;
  /** The text behind the slash: the path, or the service key. */
  readonly path: string | undefined;
  /** The rendered query, where it is printed. */
  readonly query?: string;
}

/** Renders parts that are absent or empty as nothing; a port without a host is not printed. */
export function renderUrl(parts: UrlParts, { user, path, query }: Rendering): string {
  let text = parts.protocol ? `${parts.protocol}://` : '';
  if (user && parts.username) {
    text += parts.password ? `${parts.username}:${parts.password}@` : `${parts.username}@`;
  }
  if (parts.host) text += parts.port > 0 ? `${parts.host}:${parts.port}` : parts.host;
  if (path) text += `/${path}`;
  return query ? `${text}?${query}` : text;
}
