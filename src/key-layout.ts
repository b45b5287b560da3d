/**
 * Where URLs live in etcd: `root/interface/category/url`, as `EtcdRegistry` of Dubbo 2.7.1 lays it out, read by
 * structure, never by how a key happens to end. Keys that Dubbo would write but nobody could use are refused.
 */
import { anyValue, categories, defaultRoot, providersCategory } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { percentDecode, percentEncode } from './percent-coding.js';
import { quoted } from './quoted.js';
import type { ServiceUrl } from './url.js';
import { isBlank } from './url-parts.js';

/** A key taken apart. */
export interface KeyParts {
  /** The interface, decoded. */
  readonly service: string;
  readonly category: string;
  /** The last segment as it stands in the key: the encoded URL. */
  readonly name: string;
}

/** The paths under one root. Two roots share nothing: `/dubbo` does not see `/dubbo2`. */
export class KeyLayout {
  /** Begins with a slash and does not end with one. */
  readonly root: string;

  constructor(root: string) {
    const path = root.startsWith('/') ? root : `/${root}`;
    this.root = path.replace(/\/+$/, '');
    if (this.root !== '') return;
    const reason = 'it would take in every key of the cluster';
    throw new RegistryError('INVALID_OPTION', `cannot use root ${quoted(root)}: ${reason}; name a group`, {
      reason,
      option: 'group',
    });
  }

  /** The key of a URL's interface; the root for interface `*`. A URL without an interface is an INVALID_URL. */
  servicePath(url: ServiceUrl): string {
    const name = url.serviceInterface;
    if (isBlank(name))
      throw unplaceable(url, 'it names no interface', 'add a path or the parameter interface');
    return this.servicePathOf(name);
  }

  servicePathOf(serviceInterface: string): string {
    return serviceInterface === anyValue ? this.root : `${this.root}/${percentEncode(serviceInterface)}`;
  }

  /** The categories a URL subscribes to, in the order it names them, each once; `*` stands for all four. */
  categories(url: ServiceUrl): readonly string[] {
    if (url.getParameter('category') === anyValue) return categories;
    const named = new Set(url.getListParameter('category', [providersCategory]));
    return named.size === 0 ? [providersCategory] : [...named];
  }

  /** The paths whose children a subscriber is told. */
  categoryPaths(url: ServiceUrl): readonly string[] {
    const servicePath = this.servicePath(url);
    return this.categories(url).map((category) => `${servicePath}/${category}`);
  }

  /** The path under which a URL is registered; it takes one category, not a list or `*`. */
  categoryPath(url: ServiceUrl): string {
    const { category } = url;
    if (/[,*/]/.test(category)) {
      const reason = `${quoted(category)} is not one category`;
      throw unplaceable(url, reason, `name one, as in category=${providersCategory}`);
    }
    if (url.serviceInterface === anyValue) {
      throw unplaceable(url, "interface '*' stands for all services", 'name one interface');
    }
    return `${this.servicePath(url)}/${category}`;
  }

  /** The key of a URL. Refuses what a reader of the key would see otherwise than it is, such as a value with `&`. */
  urlPath(url: ServiceUrl): string {
    const path = `${this.categoryPath(url)}/${percentEncode(url.toFullString())}`;
    // Readers pass over names without `://`.
    if (isBlank(url.protocol)) throw unplaceable(url, 'it names no protocol', 'begin it with dubbo://');
    const loss = url.explainLoss();
    if (loss === undefined) return path;
    throw unplaceable(url, loss, 'set it with addParameterAndEncoded, and decode it where it is read');
  }

  /** The parts of a URL's key; undefined for any other key under or outside the root. */
  parseKey(key: string): KeyParts | undefined {
    if (!key.startsWith(prefixOf(this.root))) return undefined;
    const [service, category, name, ...rest] = key.slice(this.root.length + 1).split('/');
    if (isBlank(service) || isBlank(category) || isBlank(name) || rest.length > 0) return undefined;
    const decoded = decodedOrUndefined(service);
    return decoded === undefined ? undefined : { service: decoded, category, name };
  }

  /** The service key above a category or URL path, which must exist for `*` subscribers to see the service. */
  serviceKeyAbove(path: string): string | undefined {
    if (!path.startsWith(prefixOf(this.root))) return undefined;
    const end = path.indexOf('/', this.root.length + 1);
    return end > this.root.length + 1 ? path.slice(0, end) : undefined;
  }
}

function decodedOrUndefined(segment: string): string | undefined {
  try {
    return percentDecode(segment);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function unplaceable(url: ServiceUrl, reason: string, remedy: string): RegistryError {
  const text = url.toFullString();
  return new RegistryError('INVALID_URL', `cannot place ${quoted(text)} in etcd: ${reason}; ${remedy}`, {
    text,
    reason,
  });
}

/** The root a registry URL asks for: its parameter `group`, or `dubbo`, with a slash in front. */
export function rootOf(registryUrl: ServiceUrl): string {
  const group = registryUrl.getParameter('group', defaultRoot);
  return group.startsWith('/') ? group : `/${group}`;
}

/** What the keys below a path begin with. */
export function prefixOf(path: string): string {
  return `${path}/`;
}

/** The name of a direct child of a path, or undefined for any other key. */
export function childOf(path: string, key: string): string | undefined {
  const prefix = prefixOf(path);
  if (!key.startsWith(prefix)) return undefined;
  const name = key.slice(prefix.length);
  return name === '' || name.includes('/') ? undefined : name;
}

/** A path with its leading slash; an empty one is an INVALID_OPTION. */
export function absolutePath(path: string): string {
  if (path !== '') return path.startsWith('/') ? path : `/${path}`;
  const reason = 'it is empty';
  throw new RegistryError('INVALID_OPTION', `cannot use path "": ${reason}; write /root/interface/category`, {
    reason,
    option: 'path',
  });
}

/** The end of the range of all keys with a prefix: the prefix with its last byte below 0xff raised, or a zero byte. */
export function prefixRangeEnd(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return Uint8Array.of(0);
  const rangeEnd = prefix.slice(0, length);
  rangeEnd[length - 1] = (rangeEnd[length - 1] ?? 0) + 1;
  return rangeEnd;
}

/** `String.hashCode`, whose decimal text is the value of keys without a lease. 32 bits with wrap-around. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}
