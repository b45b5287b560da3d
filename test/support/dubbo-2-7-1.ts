/**
 * What the etcd registry of Dubbo 2.7.1 does in the few places where we deliberately do otherwise: the suffix rule for
 * parents, junk keys, a lease shorter than asked for. The vectors are checked against this, and ours against both.
 */
import { javaStringHash, rootOf } from '../../src/key-layout.js';
import { percentEncode } from '../../src/percent-coding.js';
import type { ServiceUrl } from '../../src/url.js';

const categoryWords = ['providers', 'consumers', 'routers', 'configurators'];

/** The paths of `EtcdRegistry`, for any URL, also one without an interface or with a list of categories. */
export function dubboPaths(registryGroup: string | null, url: ServiceUrl) {
  const root = dubboRoot(registryGroup);
  const isAll = url.serviceInterface === '*';
  const servicePath = isAll ? root : `${root}/${percentEncode(url.serviceInterface)}`;
  const wanted =
    url.getParameter('category') === '*' ? categoryWords : url.getListParameter('category', ['providers']);
  const categoriesPath = wanted.map((category) => `${servicePath}/${category}`);
  const categoryPath = `${servicePath}/${url.category}`;
  const urlPath = `${categoryPath}/${percentEncode(url.toFullString())}`;
  // The root of an unsubscribed `*` is taken from the consumer's own group (E1).
  const seedUnsubscribedPath = isAll ? [rootOf(url)] : categoriesPath;
  return { servicePath, categoriesPath, categoryPath, urlPath, seedUnsubscribedPath };
}

export function dubboRoot(group: string | null): string {
  const root = group ?? 'dubbo';
  return root.startsWith('/') ? root : `/${root}`;
}

/** The one key that is created above a path: decided by how the path, or its parent, ends as text (E8). */
function dubboParent(path: string): string | undefined {
  const endsInCategory = (text: string): boolean => categoryWords.some((word) => text.endsWith(word));
  const cut = (text: string): string => text.slice(0, Math.max(0, text.lastIndexOf('/')));
  if (path.lastIndexOf('/') <= 0) return undefined;
  if (endsInCategory(path)) return cut(path);
  return endsInCategory(cut(path)) ? cut(cut(path)) : undefined;
}

/** What `create` (persistent) or `createEphemeral` sends; the latter puts the path as it was given (E9). */
export function dubboCreate(given: string, isEphemeral: boolean, parentExists = false): string[] {
  const path = given.startsWith('/') ? given : `/${given}`;
  const parent = dubboParent(path);
  const check = parent === undefined ? [] : [`exists? ${parent}`];
  const put = parent === undefined || parentExists ? [] : [`put ${parent} = ${javaStringHash(parent)}`];
  const own = isEphemeral ? `putEphemeral ${given}` : `put ${path} = ${javaStringHash(path)}`;
  return [...check, ...put, own];
}

/** The lease's TTL, cut to whole seconds (L13). */
export function dubboLeaseTtlSeconds(url: ServiceUrl): number {
  const seconds = Math.trunc(url.getIntParameter('session', 30_000) / 1000);
  return seconds > 0 ? seconds : 30;
}

/** The child a key was taken for: whatever has one slash behind the length of the path (W8). */
export function dubboChildOf(path: string, key: string): string | null {
  const isInRange = key.startsWith(path);
  const slashes = key.slice(path.length).split('/').length - 1;
  return isInRange && slashes === 1 ? key.slice(path.length + 1) : null;
}
