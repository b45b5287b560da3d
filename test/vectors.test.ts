/** Every vector in test/vectors, one file per group: what the original classes of Dubbo 2.7.1 answered. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  getProperty,
  getServerShutdownTimeout,
  isOff,
  parseProperties,
  withPlaceholders,
} from '../src/config.js';
import { RegistryError } from '../src/errors.js';
import { absolutePath, childOf, javaStringHash, KeyLayout, prefixRangeEnd } from '../src/key-layout.js';
import { percentDecode, percentEncode } from '../src/percent-coding.js';
import {
  appendDefaultPort,
  backupAddress,
  endpointsOf,
  leaseTtlSeconds,
  parseRegistryAddress,
  parseUrl,
  parseUrls,
  registryCacheKey,
  registryUrlOf,
} from '../src/registry-address.js';
import { ServiceUrl } from '../src/url.js';
import {
  emptyUrlOf,
  isConfigurator,
  isMatch,
  isMatchCategory,
  isMatchGlobPattern,
  isProvider,
  isRoute,
  isServiceKeyMatch,
  toUrlsWithEmpty,
} from '../src/url-match.js';
import {
  dubboChildOf,
  dubboCreate,
  dubboLeaseTtlSeconds,
  dubboPaths,
  dubboRoot,
} from './support/dubbo-2-7-1.js';
import { callOperation, callParameter } from './support/dubbo-calls.js';

// biome-ignore lint/suspicious/noExplicitAny: vectors are untyped data of thirty different forms.
type Vector = any;

const directory = new URL('./vectors/', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.json') && name !== '_meta.json');

function vectorsOf(group: string): Vector[] {
  return JSON.parse(readFileSync(new URL(`${group}.json`, directory), 'utf8'));
}

/** What Java says about an error, and what our reason must then say. */
const reasons: readonly (readonly [java: RegExp, ours: RegExp])[] = [
  [/^For input string/, /is not a(n?) .*integer|32-bit integer/],
  [/password without username/, /password without a user name/],
  [/^url == null/, /it is empty|it is no text/],
  [/^url missing protocol/, /the protocol is missing/],
  [/Incomplete trailing escape/, /incomplete/],
  [/negative value/, /negative/],
  [/Illegal hex characters/, /not hexadecimal/],
  [/Map pairs can not be odd/, /has no value/],
  [/defaultValue <= 0/, /not above 0/],
  [/registry address is invalid/, /stands for every host/],
  [/Malformed .uxxxx/, /hexadecimal digits/],
  [/path is required/, /it is empty/],
];

/** Compares an answer with a vector's, where Java's null is our undefined and Java's exception our error. */
function expectSame(actual: () => unknown, expected: Vector, code = 'INVALID_URL'): void {
  if (expected === null || typeof expected !== 'object' || !('error' in expected)) {
    expect(actual() ?? null).toEqual(expected);
    return;
  }
  const error = errorOf(actual);
  expect(error.code).toBe(code);
  const [, ours] = reasons.find(([java]) => java.test(expected.message ?? '')) ?? [];
  expect(ours !== undefined || expected.error === 'NullPointerException').toBe(true);
  if (ours !== undefined) expect(error.reason).toMatch(ours);
}

function errorOf(call: () => unknown): RegistryError {
  try {
    call();
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const textOf = (value: string | null): string | undefined => value ?? undefined;
const urlOf = (text: string): ServiceUrl => ServiceUrl.parse(text);

function expectParsed(url: ServiceUrl, out: Vector): void {
  const { hashCode, ...rest } = out;
  const actual: Record<string, () => unknown> = {
    protocol: () => url.protocol,
    username: () => url.username,
    password: () => url.password,
    host: () => url.host,
    port: () => url.port,
    path: () => url.path,
    parameters: () => ({ ...url.parameters }),
    toString: () => url.toString(),
    toFullString: () => url.toFullString(),
    toIdentityString: () => url.toIdentityString(),
    toServiceStringWithoutResolving: () => url.toServiceStringWithoutResolving(),
    toParameterString: () => url.toParameterString(),
    authority: () => url.authority,
    address: () => url.address,
    absolutePath: () => url.absolutePath,
    serviceInterface: () => url.serviceInterface,
    serviceKey: () => url.serviceKey,
    pathKey: () => url.pathKey,
    encodedServiceKey: () => url.getEncodedServiceKey(),
    anyHost: () => url.isAnyHost,
    localHost: () => url.isLocalHost,
  };
  const { backupAddress: backup, ...others } = rest;
  expectSame(() => backupAddress(url), backup, 'INVALID_ADDRESS');
  expect(Object.keys(others).sort()).toEqual(Object.keys(actual).sort());
  for (const [name, expected] of Object.entries(others)) expectSame(() => actual[name]?.(), expected);
  expect(javaHashOf(url)).toBe(hashCode);
}

/** `URL.hashCode`; not part of ours, but it sees every component. */
function javaHashOf(url: ServiceUrl): number {
  const hash = (text: string | undefined): number => (text === undefined ? 0 : javaStringHash(text));
  const entries = Object.entries(url.parameters);
  const parameters = entries.reduce((sum, [key, value]) => (sum + (hash(key) ^ hash(value))) | 0, 0);
  const { host, password, path, port, protocol, username } = url;
  const members = [hash(host), parameters, hash(password), hash(path), port, hash(protocol), hash(username)];
  return members.reduce((sum, member) => (Math.imul(31, sum) + member) | 0, 1);
}

function expectRegistryPaths(vector: Vector): void {
  const { registryGroup, url: text, register, registerWhenParentsExist, unregister, ...paths } = vector;
  const url = urlOf(text);
  const dubbo = dubboPaths(registryGroup, url);
  expect(dubbo).toEqual(paths);
  const isEphemeral = url.getBooleanParameter('dynamic', true);
  expect(dubboCreate(dubbo.urlPath, isEphemeral)).toEqual(register);
  expect(dubboCreate(dubbo.urlPath, isEphemeral, true)).toEqual(registerWhenParentsExist);
  expect([`delete ${dubbo.urlPath}`]).toEqual(unregister);

  const layout = new KeyLayout(dubboRoot(registryGroup));
  if (url.serviceInterface === undefined) {
    expect(errorOf(() => layout.servicePath(url)).reason).toBe('it names no interface'); // E10
    return;
  }
  expect(layout.servicePath(url)).toBe(paths.servicePath);
  expect(layout.categoryPaths(url)).toEqual(paths.categoriesPath);
  if (/[,*]/.test(url.category)) {
    expect(errorOf(() => layout.urlPath(url)).reason).toMatch(/is not one category/); // E11
    return;
  }
  expect(layout.categoryPath(url)).toBe(paths.categoryPath);
  expect(layout.urlPath(url)).toBe(paths.urlPath);
}

/** Where a path's depth below the root and the end of its text say different things about its parent (E8). */
const otherParent: Readonly<Record<string, string | undefined>> = {
  '/dubbo/com.foo.Bar/metadata/x': '/dubbo/com.foo.Bar',
  '/dubbo/my-providers': undefined,
  '/providers/x': undefined,
};

function expectCreate({ path, create, createEphemeral }: Vector): void {
  if ('error' in create) {
    expectSame(() => absolutePath(path), create, 'INVALID_OPTION');
    expectSame(() => absolutePath(path), createEphemeral, 'INVALID_OPTION');
    return;
  }
  expect(dubboCreate(path, false)).toEqual(create);
  expect(dubboCreate(path, true)).toEqual(createEphemeral);
  const full = absolutePath(path); // Ours is what is put as well (E9).
  const [check] = create as string[];
  const dubboParentPath = check?.startsWith('exists? ') ? check.slice('exists? '.length) : undefined;
  const parent = full in otherParent ? otherParent[full] : dubboParentPath;
  expect(new KeyLayout('/dubbo').serviceKeyAbove(full)).toBe(parent);
}

function expectChildren({ consumer, children, path, out }: Vector): void {
  const { urls, skipped } = toUrlsWithEmpty(urlOf(consumer), path.slice(path.lastIndexOf('/') + 1), children);
  const texts = urls.map((url) => url.toFullString());
  if (Array.isArray(out)) {
    expect([texts, skipped]).toEqual([out, []]);
    return;
  }
  // Dubbo lets one bad child hide all the others (E5).
  expect(texts).toEqual([`${consumer.replace('consumer:', 'empty:')}?category=providers`]);
  expectSame(() => {
    throw skipped[0]?.error;
  }, out);
}

const checks: Readonly<Record<string, (vector: Vector) => void>> = {
  'child-of-path': ({ path, key, seed, correct }) => {
    expect(childOf(path, key) ?? null).toBe(correct);
    expect(dubboChildOf(path, key)).toBe(seed);
  },
  'client-create': expectCreate,
  'config-utils-is-empty': (vector) => expect(isOff(textOf(vector.in))).toBe(vector.isEmpty),
  endpoints: ({ backupAddress: addresses, out }) => expect(endpointsOf(addresses)).toEqual(out),
  'etcd-append-default-port': ({ address, out }) =>
    expect(address && appendDefaultPort(address, 2379)).toBe(out),
  'get-empty-url': ({ service, category, out }) =>
    expect(emptyUrlOf(service, category).toFullString()).toBe(out),
  'get-property': ({ sources, key, default: fallback, out }) => {
    const layers = ['sys', 'app', 'ext', 'props'].map((name) =>
      name in sources ? { [key]: sources[name] } : {},
    );
    const file = withPlaceholders(layers.pop() ?? {}, { pp: 'PPV' });
    expectSame(() => getProperty([...layers, file], key, textOf(fallback)), out);
  },
  'is-match': ({ consumer, provider, out }) => expect(isMatch(urlOf(consumer), urlOf(provider))).toBe(out),
  'is-match-category': ({ category, categories, out }) =>
    expect(isMatchCategory(category, textOf(categories))).toBe(out),
  'is-match-glob-pattern': ({ pattern, value, param, out }) => {
    const url = param === undefined ? undefined : urlOf(param);
    expect(isMatchGlobPattern(textOf(pattern), textOf(value), url)).toBe(out);
  },
  'is-service-key-match': ({ pattern, value, out }) =>
    expectSame(() => isServiceKeyMatch(urlOf(pattern), urlOf(value)), out),
  'java-string-hash': (vector) => expect(javaStringHash(vector.in)).toBe(vector.out),
  'lease-ttl-seconds': ({ sessionParam, out }) => {
    const url = urlOf('etcd3://h:2379').addParameter('session', sessionParam);
    expectSame(() => dubboLeaseTtlSeconds(url), out);
    if (typeof out !== 'number') expectSame(() => leaseTtlSeconds(url), out);
    // Ours is never shorter than asked for (L13).
    else expect(leaseTtlSeconds(url)).toBe(sessionParam > 0 ? Math.ceil(sessionParam / 1000) : 30);
  },
  'parse-properties': (vector) =>
    expectSame(() => ({ ...parseProperties(textOf(vector.in)) }), vector.out, 'INVALID_OPTION'),
  'parse-url-with-defaults': ({ address, defaults, out }) =>
    expectSame(() => parseUrl(textOf(address), defaults ?? undefined)?.toFullString(), out),
  'parse-urls': ({ addresses, out }) => expect(parseUrls(addresses).map(String)).toEqual(out),
  'prefix-range-end': ({ prefix, prefixHex, rangeEndHex }) => {
    const bytes = prefix === undefined ? Buffer.from(prefixHex, 'hex') : Buffer.from(prefix);
    expect(Buffer.from(prefixRangeEnd(bytes)).toString('hex')).toBe(rangeEndHex);
  },
  'registry-cache-key': (vector) => {
    const url = urlOf(vector.in);
    expect(registryCacheKey(url)).toBe(vector.key);
    expect(registryUrlOf(url).toFullString()).toBe(vector.urlPassedToCreateRegistry);
  },
  'registry-construct': ({ registryUrl, out }) =>
    expectSame(() => parseRegistryAddress(registryUrl) && 'ok', out, 'INVALID_ADDRESS'),
  'registry-paths': expectRegistryPaths,
  'server-shutdown-timeout': ({ out, ...source }) => {
    const set = Object.entries(source).filter(([, value]) => value !== null);
    expect(getServerShutdownTimeout([Object.fromEntries(set) as Record<string, string>])).toBe(out);
  },
  'to-urls-with-empty': expectChildren,
  'url-backup-address': ({ url, defaultPort, out }) =>
    expectSame(() => backupAddress(urlOf(url), defaultPort), out),
  'url-decode': (vector) => expectSame(() => percentDecode(textOf(vector.in)), vector.out),
  'url-encode': (vector) => expect(percentEncode(textOf(vector.in))).toBe(vector.out),
  'url-equals': ({ a, b, equals, hashEquals }) => {
    expect(urlOf(a).equals(urlOf(b))).toBe(equals);
    expect(javaHashOf(urlOf(a)) === javaHashOf(urlOf(b))).toBe(hashEquals);
  },
  'url-get-parameter': (vector) => expectSame(() => callParameter(urlOf(vector.url), vector), vector.out),
  'url-kind': ({ url, ...kinds }) =>
    expect({
      isConfigurator: isConfigurator(urlOf(url)),
      isRoute: isRoute(urlOf(url)),
      isProvider: isProvider(urlOf(url)),
    }).toEqual(kinds),
  'url-ops': ({ url, op, args, out }) =>
    expectSame(() => {
      const result = callOperation(urlOf(url), op, args);
      return result instanceof ServiceUrl ? result.toFullString() : result;
    }, out),
  'url-parse': (vector) =>
    'error' in vector.out
      ? expectSame(() => urlOf(vector.in), vector.out)
      : expectParsed(urlOf(vector.in), vector.out),
};

let checked = 0;

for (const [group, check] of Object.entries(checks)) {
  test(`answers as Dubbo 2.7.1 does: ${group}`, () => {
    for (const vector of vectorsOf(group)) {
      try {
        check(vector);
      } catch (error) {
        throw new Error(`vector ${JSON.stringify(vector)}`, { cause: error });
      }
      checked++;
    }
  });
}

test('leaves no vector out: 530 in 30 groups', () => {
  expect(Object.keys(checks).sort()).toEqual(files.map((file) => file.replace('.json', '')).sort());
  expect(files.length).toBe(30);
  expect(checked).toBe(530);
});
