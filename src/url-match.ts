/**
 * Which provider is meant by which consumer, as `UrlUtils` of Dubbo 2.7.1, and what a consumer is told when nobody
 * is. Used by the registry for every key it reads; reading addresses is in registry-address.ts.
 */
import {
  anyValue,
  configuratorsCategory,
  emptyProtocol,
  overrideProtocol,
  providersCategory,
  routeProtocol,
  routersCategory,
} from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { splitList } from './java-text.js';
import { percentDecode } from './percent-coding.js';
import { ServiceUrl } from './url.js';
import { isBlank } from './url-parts.js';

/**
 * True when the provider serves the consumer: interface, category, enabled, group, version and classifier agree.
 * Protocol, host and port are not compared.
 */
export function isMatch(consumer: ServiceUrl, provider: ServiceUrl): boolean {
  return (
    isMatchInterface(consumer.serviceInterface, provider.serviceInterface) &&
    isMatchCategory(provider.category, consumer.category) &&
    (provider.getBooleanParameter('enabled', true) || consumer.getParameter('enabled') === anyValue) &&
    isMatchGroup(consumer.getParameter('group'), provider.getParameter('group')) &&
    isSameOrAny(consumer.getParameter('version'), provider.getParameter('version')) &&
    isSameOrAny(consumer.getParameter('classifier', anyValue), provider.getParameter('classifier', anyValue))
  );
}

/** One reason why a provider does not serve a consumer; null for what is not said. */
export interface Mismatch {
  readonly field: 'interface' | 'category' | 'enabled' | 'group' | 'version' | 'classifier';
  readonly wanted: string | null;
  readonly found: string | null;
}

/** All reasons why {@link isMatch} is false, none where it is true. */
export function mismatchesOf(consumer: ServiceUrl, provider: ServiceUrl): readonly Mismatch[] {
  const mismatches: Mismatch[] = [];
  const compare = (
    field: Mismatch['field'],
    isSame: (wanted: string | undefined, found: string | undefined) => boolean,
    wanted: string | undefined = consumer.getParameter(field),
    found: string | undefined = provider.getParameter(field),
  ): void => {
    if (!isSame(wanted, found)) mismatches.push({ field, wanted: wanted ?? null, found: found ?? null });
  };
  compare('interface', isMatchInterface, consumer.serviceInterface, provider.serviceInterface);
  compare(
    'category',
    (wanted, found) => isMatchCategory(found ?? '', wanted),
    consumer.category,
    provider.category,
  );
  const isEnabled = provider.getBooleanParameter('enabled', true);
  compare('enabled', (wanted) => isEnabled || wanted === anyValue);
  compare('group', isMatchGroup);
  compare('version', isSameOrAny);
  compare('classifier', (wanted, found) => isSameOrAny(wanted ?? anyValue, found ?? anyValue));
  return mismatches;
}

function isMatchInterface(consumer: string | undefined, provider: string | undefined): boolean {
  return consumer === anyValue || provider === anyValue || consumer === provider;
}

/** A consumer may list several groups; nothing else may be listed. */
function isMatchGroup(consumer: string | undefined, provider: string | undefined): boolean {
  if (isSameOrAny(consumer, provider)) return true;
  return !isBlank(consumer) && !isBlank(provider) && splitList(consumer).includes(provider);
}

function isSameOrAny(pattern: string | undefined, value: string | undefined): boolean {
  return pattern === anyValue || pattern === value;
}

/**
 * True when the category is among the wanted ones. As in Dubbo the test is for a substring, so `provider` is among
 * `providers`; `*` anywhere wants all, and with a `-` anywhere all but those behind a `-`.
 */
export function isMatchCategory(category: string, wanted: string | undefined): boolean {
  if (isBlank(wanted)) return category === providersCategory;
  if (wanted.includes(anyValue)) return true;
  if (wanted.includes('-')) return !wanted.includes(`-${category}`);
  return wanted.includes(category);
}

/** True when interface, group and version agree; a group or version `*` of the pattern matches any, also none. */
export function isServiceKeyMatch(pattern: ServiceUrl, value: ServiceUrl): boolean {
  const wanted = pattern.getParameter('interface');
  if (wanted === undefined) {
    const reason = "it has no parameter 'interface'";
    throw new RegistryError('INVALID_URL', `cannot match service keys: ${reason}; add it to the pattern`, {
      reason,
      text: pattern.toFullString(),
    });
  }
  return (
    wanted === value.getParameter('interface') &&
    isSameOrAny(pattern.getParameter('group'), value.getParameter('group')) &&
    isSameOrAny(pattern.getParameter('version'), value.getParameter('version'))
  );
}

/**
 * True when the value has the pattern's form. Only the last `*` is a wildcard. A pattern `$name` stands for that part
 * or parameter of the URL, if one is given.
 */
export function isMatchGlobPattern(
  pattern: string | undefined,
  value: string | undefined,
  url?: ServiceUrl,
): boolean {
  const glob =
    url !== undefined && pattern?.startsWith('$') ? url.getRawParameter(pattern.slice(1)) : pattern;
  if (glob === anyValue) return true;
  if (isBlank(glob) || isBlank(value)) return isBlank(glob) && isBlank(value);
  const star = glob.lastIndexOf(anyValue);
  if (star < 0) return value === glob;
  return value.startsWith(glob.slice(0, star)) && value.endsWith(glob.slice(star + 1));
}

/** True for a rule that overrides parameters of providers. */
export function isConfigurator(url: ServiceUrl): boolean {
  return url.protocol === overrideProtocol || url.category === configuratorsCategory;
}

/** True for a routing rule. */
export function isRoute(url: ServiceUrl): boolean {
  return url.protocol === routeProtocol || url.category === routersCategory;
}

/** True for what is neither a rule nor a consumer. */
export function isProvider(url: ServiceUrl): boolean {
  return (
    url.protocol !== overrideProtocol && url.protocol !== routeProtocol && url.category === providersCategory
  );
}

/** The URL that tells a consumer that a category is empty: his own, with protocol `empty` and that category. */
export function emptyUrlFor(consumer: ServiceUrl, category: string): ServiceUrl {
  return consumer.withProtocol(emptyProtocol).addParameter('category', category);
}

/** The empty URL of a service that is known by its key `[group/]interface[:version]` alone. */
export function emptyUrlOf(serviceKey: string, category: string): ServiceUrl {
  const slash = serviceKey.indexOf('/');
  const group = slash > 0 ? `&group=${serviceKey.slice(0, slash)}` : '';
  const rest = slash > 0 ? serviceKey.slice(slash + 1) : serviceKey;
  const colon = rest.lastIndexOf(':');
  const version = colon > 0 ? `&version=${rest.slice(colon + 1)}` : '';
  const service = colon > 0 ? rest.slice(0, colon) : rest;
  return ServiceUrl.parse(`${emptyProtocol}://0.0.0.0/${service}?category=${category}${group}${version}`);
}

/** A key that could not be read, and why. */
interface SkippedChild {
  readonly name: string;
  readonly error: RegistryError;
}

/** What the children of a category mean to a consumer. */
export interface ChildUrls {
  /** Those that match, in the order of the children; never empty: one empty URL stands for none. */
  readonly urls: readonly ServiceUrl[];
  /** Those that cannot be read. They hide nobody else. */
  readonly skipped: readonly SkippedChild[];
}

/** Reads the names of keys under a category; names without `://` are of no concern and are left out silently. */
export function toUrlsWithEmpty(
  consumer: ServiceUrl,
  category: string,
  children: Iterable<string>,
): ChildUrls {
  const urls: ServiceUrl[] = [];
  const skipped: SkippedChild[] = [];
  for (const name of children) {
    try {
      const url = urlOfChild(name);
      if (url !== undefined && isMatch(consumer, url)) urls.push(url);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      skipped.push({ name, error });
    }
  }
  if (urls.length === 0) urls.push(emptyUrlFor(consumer, category));
  return { urls, skipped };
}

/** The URL that a key's last segment holds, or undefined where it holds none; an unreadable one is an INVALID_URL. */
export function urlOfChild(name: string): ServiceUrl | undefined {
  const text = percentDecode(name);
  return text.includes('://') ? ServiceUrl.parse(text) : undefined;
}
