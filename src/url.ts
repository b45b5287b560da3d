/**
 * A Dubbo URL as an immutable value, byte for byte as `org.apache.dubbo.common.URL` of Dubbo 2.7.1: the form in which
 * providers, consumers, rules and registries are named. What one says is in url-value.ts, reading text in
 * url-parse.ts, plain objects in url-object.ts. Everything here throws INVALID_URL only.
 */
import { RegistryError } from './errors.js';
import { parseJavaInt } from './java-text.js';
import { percentEncode } from './percent-coding.js';
import { quoted } from './quoted.js';
import { RecentTexts } from './recent-texts.js';
import { objectParts, type ServiceUrlParts } from './url-object.js';
import { parseUrlText } from './url-parse.js';
import { normalParts, type UrlParts } from './url-parts.js';
import { type UrlParameterMap, UrlQuery } from './url-query.js';
import { UrlValue } from './url-value.js';

/** About ten thousand provider URLs of 400 units each. */
const recentLengthMax = 4 * 1024 * 1024;
const recentUrls = new RecentTexts<ServiceUrl>(recentLengthMax);

/** A parameter as a mutator takes it; numbers and booleans are written as text, null and undefined are Java's null. */
export type ParameterValue = string | number | bigint | boolean | null | undefined;

/** A Dubbo URL. The methods that change something return a new value, or the same one where nothing changes. */
export class ServiceUrl extends UrlValue {
  private constructor(parts: UrlParts, query: UrlQuery) {
    super(parts, query);
  }

  /** Reads a text as `URL.valueOf` does. Equal texts give the same object as long as they are remembered. */
  static parse(text: string): ServiceUrl {
    const known = recentUrls.get(text);
    if (known !== undefined) return known;
    const { parts, query } = parseUrlText(text);
    const url = new ServiceUrl(parts, new UrlQuery(query));
    recentUrls.add(text, url);
    return url;
  }

  /** Takes a URL, its text, or a plain object. What a text could not carry is refused: an `&` in a value, for one. */
  static from(input: string | ServiceUrl | ServiceUrlParts): ServiceUrl {
    if (input instanceof ServiceUrl) return input;
    if (typeof input === 'string') return ServiceUrl.parse(input);
    const { parts, parameters } = objectParts(input);
    const url = new ServiceUrl(normalParts(parts), new UrlQuery(parameters));
    const loss = url.explainLoss();
    if (loss === undefined) return url;
    throw new RegistryError(
      'INVALID_URL',
      `cannot build a url: ${loss}; percent-encode it, and decode it where it is read`,
      { reason: loss, text: url.toFullString() },
    );
  }

  /** True for a URL whose parts and parameters are all equal; a `timestamp` counts like any other parameter. */
  equals(other: ServiceUrl): boolean {
    return this === other || this.canonicalKey === other.canonicalKey;
  }

  /** The URL that the decoded value of a parameter holds. */
  getUrlParameter(key: string): ServiceUrl | undefined {
    const text = this.getParameterAndDecoded(key);
    return text === '' ? undefined : ServiceUrl.parse(text);
  }

  /** The service key with its first slash replaced by `*`, as Dubbo up to 2.7.1 names rules. */
  getEncodedServiceKey(): string {
    if (this.serviceKey !== undefined) return this.serviceKey.replace('/', '*');
    const reason = 'it names no interface';
    throw new RegistryError(
      'INVALID_URL',
      `cannot encode the service key of ${quoted(this.toString())}: ${reason}; add a path or the parameter interface`,
      { text: this.toFullString(), reason },
    );
  }

  withProtocol(protocol: string | undefined): ServiceUrl {
    return this.#withParts({ protocol });
  }
  withUsername(username: string | undefined): ServiceUrl {
    return this.#withParts({ username });
  }
  withPassword(password: string | undefined): ServiceUrl {
    return this.#withParts({ password });
  }
  withHost(host: string | undefined): ServiceUrl {
    return this.#withParts({ host });
  }
  /** A negative port becomes 0. */
  withPort(port: number): ServiceUrl {
    return this.#withParts({ port });
  }
  /** Leading slashes are dropped. */
  withPath(path: string | undefined): ServiceUrl {
    return this.#withParts({ path });
  }

  /** Takes `host:port`, split at the last colon, or a host alone, which keeps the port. */
  withAddress(address: string): ServiceUrl {
    const colon = address.lastIndexOf(':');
    if (colon < 0) return this.#withParts({ host: address });
    const port = parseJavaInt(address.slice(colon + 1));
    if (port !== undefined) return this.#withParts({ host: address.slice(0, colon), port });
    const reason = 'its port is not a 32-bit integer';
    throw new RegistryError(
      'INVALID_URL',
      `cannot set address ${quoted(address)}: ${reason}; write host:port or a host alone`,
      { text: address, position: colon + 1, reason },
    );
  }

  /** Sets the parameter `interface`. */
  withServiceInterface(serviceInterface: string): ServiceUrl {
    return this.addParameter('interface', serviceInterface);
  }

  /** Sets a parameter; an empty key or value changes nothing. */
  addParameter(key: string, value: ParameterValue): ServiceUrl {
    const text = textOf(value);
    if (key === '' || text === '' || this.rawParameter(key) === text) return this;
    return this.#withParameters(new Map(this.parameterMap).set(key, text));
  }

  /** Sets a parameter to the percent-encoded value, so that it may hold `&`. */
  addParameterAndEncoded(key: string, value: ParameterValue): ServiceUrl {
    return this.addParameter(key, percentEncode(textOf(value)));
  }

  /** Sets a parameter unless {@link hasParameter} finds one. */
  addParameterIfAbsent(key: string, value: ParameterValue): ServiceUrl {
    return this.hasParameter(key) ? this : this.addParameter(key, value);
  }

  /** Sets several parameters, given as a record or as keys and values in turn; unlike one alone, also to ''. */
  addParameters(record: Readonly<Record<string, ParameterValue>>): ServiceUrl;
  addParameters(...pairs: readonly string[]): ServiceUrl;
  addParameters(
    first: string | Readonly<Record<string, ParameterValue>> = {},
    ...rest: string[]
  ): ServiceUrl {
    const added = typeof first === 'string' ? pairsOf([first, ...rest]) : Object.entries(first);
    const map = new Map(this.parameterMap);
    let isSame = true;
    for (const [key, value] of added) {
      isSame &&= value === null || value === undefined ? !map.has(key) : map.get(key) === String(value);
      map.set(key, textOf(value));
    }
    return isSame ? this : this.#withParameters(map);
  }

  /** Sets those parameters of the record whose keys are not there yet. */
  addParametersIfAbsent(record: Readonly<Record<string, ParameterValue>>): ServiceUrl {
    const added = Object.entries(record);
    if (added.length === 0) return this;
    const map = new Map(added.map(([key, value]) => [key, textOf(value)]));
    for (const [key, value] of this.parameterMap) map.set(key, value);
    return this.#withParameters(map);
  }

  /** Sets parameters from `a=1&b=2`; pieces whose key has another form than `[_.A-Za-z0-9][-_.A-Za-z0-9]*` are ignored. */
  addParameterString(query: string): ServiceUrl {
    const added: Record<string, string> = Object.create(null);
    for (const piece of query.split('&')) {
      const pair = /^([_.a-zA-Z0-9][-_.a-zA-Z0-9]*)=([^\n\r\u0085\u2028\u2029]*)$/.exec(piece);
      if (pair !== null) added[pair[1] ?? ''] = pair[2] ?? '';
    }
    return this.addParameters(added);
  }

  removeParameter(key: string): ServiceUrl {
    return this.removeParameters(key);
  }

  removeParameters(...keys: readonly string[]): ServiceUrl {
    const map = new Map(this.parameterMap);
    for (const key of keys) map.delete(key);
    return map.size === this.parameterMap.size ? this : this.#withParameters(map);
  }

  clearParameters(): ServiceUrl {
    return this.#withParameters(new Map());
  }

  /** Keeps the parameters that are named, or begin with one of the prefixes, and are not empty. */
  keepParameters(names: readonly string[], prefixes: readonly string[] = []): ServiceUrl {
    const isKept = (key: string): boolean =>
      names.includes(key) || prefixes.some((prefix) => key.startsWith(prefix));
    const kept = [...this.parameterMap].filter(([key, value]) => value !== '' && isKept(key));
    return this.#withParameters(new Map(kept));
  }

  #withParts(changes: Partial<UrlParts>): ServiceUrl {
    return new ServiceUrl(normalParts({ ...this.parts, ...changes }), this.query);
  }

  #withParameters(parameters: UrlParameterMap): ServiceUrl {
    return new ServiceUrl(this.parts, new UrlQuery(parameters));
  }
}

function textOf(value: ParameterValue): string {
  return value === null || value === undefined ? '' : String(value);
}

function pairsOf(texts: readonly string[]): (readonly [string, string])[] {
  if (texts.length % 2 === 1) {
    const reason = 'the last key has no value';
    throw new RegistryError('INVALID_URL', `cannot add parameters: ${reason}; pass keys and values in turn`, {
      reason,
    });
  }
  return texts.flatMap((key, at) => (at % 2 === 0 ? [[key, texts[at + 1] ?? ''] as const] : []));
}
