/**
 * What a Dubbo URL says: its parts, what follows from them, and every rendering, as Dubbo 2.7.1's URL. The base of
 * ServiceUrl, which adds how one comes about and how it is changed. Nothing here throws.
 */
import { anyHost, providersCategory } from './dubbo-names.js';
import { equalsIgnoringCase } from './java-text.js';
import { UrlParameters } from './url-parameters.js';
import { isBlank, type UrlParts } from './url-parts.js';
import type { UrlParameterMap, UrlQuery } from './url-query.js';
import { renderUrl } from './url-render.js';
import { explainLoss } from './url-round-trip.js';

/** The readable half of a URL. Parts that are absent are undefined, which is not the same as ''. */
export abstract class UrlValue extends UrlParameters {
  readonly #parts: UrlParts;
  readonly #query: UrlQuery;
  #record: Readonly<Record<string, string>> | undefined;
  #fullString: string | undefined;
  #canonicalKey: string | undefined;

  protected constructor(parts: UrlParts, query: UrlQuery) {
    super();
    this.#parts = parts;
    this.#query = query;
  }

  protected get parts(): UrlParts {
    return this.#parts;
  }

  protected get query(): UrlQuery {
    return this.#query;
  }

  get protocol(): string | undefined {
    return this.#parts.protocol;
  }
  get username(): string | undefined {
    return this.#parts.username;
  }
  get password(): string | undefined {
    return this.#parts.password;
  }
  get host(): string | undefined {
    return this.#parts.host;
  }
  /** 0 when absent. */
  get port(): number {
    return this.#parts.port;
  }
  get path(): string | undefined {
    return this.#parts.path;
  }

  /** All parameters as a frozen object without a prototype. */
  get parameters(): Readonly<Record<string, string>> {
    if (this.#record === undefined) {
      const record: Record<string, string> = Object.create(null);
      for (const [key, value] of this.parameterMap) record[key] = value;
      this.#record = Object.freeze(record);
    }
    return this.#record;
  }

  protected override get parameterMap(): UrlParameterMap {
    return this.#query.map;
  }

  protected override rawParameter(key: string): string | undefined {
    return this.#query.get(key);
  }

  /** `user:password`, '' for the one that is missing; undefined without either. */
  get authority(): string | undefined {
    const { username, password } = this.#parts;
    return isBlank(username) && isBlank(password) ? undefined : `${username ?? ''}:${password ?? ''}`;
  }

  /** `host:port`, or the host alone. Without a host Java's text for null stands in its place. */
  get address(): string | undefined {
    const { host, port } = this.#parts;
    return port > 0 ? `${host ?? 'null'}:${port}` : host;
  }

  get absolutePath(): string | undefined {
    const { path } = this.#parts;
    return path === undefined ? undefined : `/${path}`;
  }

  /** The parameter `interface`, or the path. */
  get serviceInterface(): string | undefined {
    const named = this.getParameter('interface');
    return isBlank(named) ? this.#parts.path : named;
  }

  /** `group/interface:version`, without what is absent. */
  get serviceKey(): string | undefined {
    return this.#keyOf(this.serviceInterface);
  }

  /** The service key with the path in place of the interface, where there is a path. */
  get pathKey(): string | undefined {
    return this.#keyOf(isBlank(this.#parts.path) ? this.serviceInterface : this.#parts.path);
  }

  /** The parameter `category`, or `providers`. */
  get category(): string {
    return this.getParameter('category', providersCategory);
  }

  get isAnyHost(): boolean {
    return this.#parts.host === anyHost || this.getBooleanParameter('anyhost', false);
  }

  get isLocalHost(): boolean {
    const host = this.#parts.host ?? '';
    if (/^127(?:\.[0-9]{1,3}){3}$/.test(host) || equalsIgnoringCase(host, 'LOCALHOST')) return true;
    return this.getBooleanParameter('localhost', false);
  }

  /** Everything, credentials included: the text in etcd keys and cache files. With names, only those parameters. */
  toFullString(...names: readonly string[]): string {
    if (names.length > 0) return this.#render(true, this.#query.textOf(names));
    this.#fullString ??= this.#render(true, this.#query.text);
    return this.#fullString;
  }

  /** As {@link toFullString}, without the credentials. */
  override toString(...names: readonly string[]): string {
    return this.#render(false, names.length > 0 ? this.#query.textOf(names) : this.#query.text);
  }

  /** What JSON shows: {@link toString}. */
  toJSON(): string {
    return this.toString();
  }

  /** With credentials, without parameters. */
  toIdentityString(): string {
    return this.#render(true, '');
  }

  /** {@link toIdentityString} with the service key in place of the path. */
  toServiceStringWithoutResolving(): string {
    return renderUrl(this.#parts, { user: true, path: this.serviceKey });
  }

  /** {@link toServiceStringWithoutResolving} with the host replaced by the IP address the caller resolved it to. */
  toServiceString(ip: string): string {
    return renderUrl({ ...this.#parts, host: ip }, { user: true, path: this.serviceKey });
  }

  /** The query alone, without `?`. */
  toParameterString(...names: readonly string[]): string {
    return names.length > 0 ? this.#query.textOf(names) : this.#query.text;
  }

  /**
   * All parameters and the parts that are not absent, as text. As in Dubbo 2.7.1, a password takes the place of the
   * user name; use the getters.
   */
  toMap(): Map<string, string> {
    const { protocol, username, password, host, port, path } = this.#parts;
    const map = new Map(this.parameterMap);
    const parts = {
      protocol,
      username: password ?? username,
      host,
      port: port > 0 ? `${port}` : undefined,
      path,
    };
    for (const [name, value] of Object.entries(parts)) if (value !== undefined) map.set(name, value);
    return map;
  }

  /** A part by its name, the port as text, or the parameter of that name. */
  getRawParameter(name: string): string | undefined {
    if (name === 'port') return String(this.#parts.port);
    if (
      name === 'protocol' ||
      name === 'username' ||
      name === 'password' ||
      name === 'host' ||
      name === 'path'
    ) {
      return this.#parts[name];
    }
    return this.getParameter(name);
  }

  /** Equal for equal URLs and only for those, whatever the order of parameters; a key for maps and sets. */
  get canonicalKey(): string {
    if (this.#canonicalKey === undefined) {
      const { protocol, username, password, host, port, path } = this.#parts;
      const members = [protocol, username, password, host, port, path, this.#query.identity];
      this.#canonicalKey = JSON.stringify(members);
    }
    return this.#canonicalKey;
  }

  /** What a reader of {@link toFullString} would see otherwise than it is here, as a sentence, or undefined. */
  explainLoss(): string | undefined {
    return explainLoss(this.#parts, this.#query, this.toFullString());
  }

  #render(user: boolean, query: string): string {
    return renderUrl(this.#parts, { user, path: this.#parts.path, query });
  }

  #keyOf(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const [group, version] = [this.getParameter('group'), this.getParameter('version')];
    return `${isBlank(group) ? '' : `${group}/`}${name}${isBlank(version) ? '' : `:${version}`}`;
  }
}
