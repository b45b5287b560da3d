/** Writes a Dubbo URL as text, as `URL.buildString` of Dubbo 2.7.1. Nothing is percent-encoded here. */
import { javaTrim } from './java-text.js';
import type { UrlParameterMap, UrlParts } from './url-parts.js';

/** Which of the four switches of Dubbo's one rendering routine are on. */
export interface Rendering {
  readonly user: boolean;
  /** The text behind the slash: the path, or the service key. */
  readonly path: string | undefined;
  /** Present when the query is printed. */
  readonly parameters?: UrlParameterMap;
  /** Only these parameters, if any is named. */
  readonly names?: readonly string[];
}

/** Renders parts that are absent as nothing; a port without a host is not printed. */
export function renderUrl(parts: UrlParts, rendering: Rendering): string {
  let text = parts.protocol ? `${parts.protocol}://` : '';
  if (rendering.user && parts.username) {
    text += parts.password ? `${parts.username}:${parts.password}@` : `${parts.username}@`;
  }
  if (parts.host) text += parts.port > 0 ? `${parts.host}:${parts.port}` : parts.host;
  if (rendering.path) text += `/${rendering.path}`;
  const query = rendering.parameters === undefined ? '' : renderQuery(rendering.parameters, rendering.names);
  return query === '' ? text : `${text}?${query}`;
}

/**
 * Sorted by key in UTF-16 order, so that equal parameters give equal keys in etcd; empty keys are left out; values
 * are trimmed, keys are not.
 */
export function renderQuery(parameters: UrlParameterMap, names: readonly string[] = []): string {
  const keys = [...parameters.keys()].sort();
  let query = '';
  for (const key of keys) {
    if (key === '' || (names.length > 0 && !names.includes(key))) continue;
    query += `${query === '' ? '' : '&'}${key}=${javaTrim(parameters.get(key) ?? '')}`;
  }
  return query;
}
