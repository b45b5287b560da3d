/**
 * What a registry address says: which URL it stands for, which endpoints to dial, how long a lease lives. Dubbo's
 * rules are kept where they are visible to others; the etcd port 2379 and longer leases are ours (design decisions).
 */
import {
  dubboProtocol,
  dubboRegistryPort,
  etcdPort,
  etcdProtocol,
  registryServiceName,
  sessionMsDefault,
} from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { parseJavaInt, splitList } from './java-text.js';
import { quoted, withoutPassword } from './quoted.js';
import { ServiceUrl } from './url.js';
import { isBlank } from './url-parts.js';

/** What fills the gaps of an address: `protocol`, `username`, `password`, `port`, `path`; the rest become parameters. */
export type AddressDefaults = Readonly<Record<string, string | undefined>>;

/**
 * Reads an address as `UrlUtils.parseURL` of Dubbo 2.7.1: a URL, or a comma list whose first is the address and the
 * rest the parameter `backup`. Undefined for an absent or empty address; without any port it is 9090.
 */
export function parseUrl(
  address: string | undefined,
  defaults: AddressDefaults = {},
): ServiceUrl | undefined {
  if (isBlank(address)) return undefined;
  const { protocol, username, password, host: _host, port: portText, path, ...parameters } = defaults;
  const defaultPort = portOf(portText) || dubboRegistryPort;
  let url = ServiceUrl.parse(
    address.includes('://') || address.includes('?') ? address : withBackup(address),
  );
  if (isBlank(url.protocol)) url = url.withProtocol(protocol || dubboProtocol);
  if (isBlank(url.username) && !isBlank(username)) url = url.withUsername(username);
  if (isBlank(url.password) && !isBlank(password)) url = url.withPassword(password);
  if (url.port <= 0) url = url.withPort(defaultPort);
  if (isBlank(url.path) && !isBlank(path)) url = url.withPath(path);
  for (const [key, value] of Object.entries(parameters)) {
    if (isBlank(url.parameters[key])) url = url.addParameter(key, value);
  }
  return url;
}

/** `h1:1,h2:2` becomes `h1:1?backup=h2:2`. */
function withBackup(list: string): string {
  const [first = '', ...backups] = splitList(list);
  return backups.length === 0 ? first : `${first}?backup=${backups.join(',')}`;
}

function portOf(text: string | undefined): number {
  if (text === undefined || !/^[0-9]+$/.test(text)) return 0;
  const port = parseJavaInt(text);
  if (port === undefined) throw unusablePort(text, text);
  return port;
}

/** Reads several addresses between `|` or `;`. */
export function parseUrls(addresses: string | undefined, defaults?: AddressDefaults): readonly ServiceUrl[] {
  if (isBlank(addresses)) return [];
  return splitList(addresses, '|;').flatMap((address) => parseUrl(address, defaults) ?? []);
}

/**
 * The URL of an etcd registry: {@link parseUrl} with protocol `etcd3` and port 2379 where the address has none. Hosts
 * may be listed behind the protocol as well: `etcd3://h1:2379,h2:2379`. An address nobody can dial is refused.
 */
export function parseRegistryAddress(address: string, defaults: AddressDefaults = {}): ServiceUrl {
  const { port } = defaults;
  const url = parseUrl(withListedHosts(address), {
    protocol: etcdProtocol,
    ...defaults,
    port: portOf(port) > 0 ? port : String(etcdPort),
  });
  if (url === undefined) throw undialable('it is empty');
  if (/^n\/a$/i.test(address)) throw undialable("'N/A' stands for no registry");
  requireDialable(url);
  return url;
}

function withListedHosts(address: string): string {
  const start = address.indexOf('://') + 3;
  if (start < 3) return address;
  const length = address.slice(start).search(/[/?]/);
  const end = length < 0 ? address.length : start + length;
  const [first = '', ...listed] = splitList(address.slice(start, end));
  if (listed.length === 0) return address;
  const url = ServiceUrl.parse(address.slice(0, start) + first + address.slice(end));
  return url
    .addParameter('backup', [...listed, ...url.getListParameter('backup', [])].join(','))
    .toFullString();
}

/** Refuses an address that stands for every host, or names none, as INVALID_ADDRESS. */
function requireDialable(url: ServiceUrl): void {
  if (url.isAnyHost) throw undialable(`${quoted(url.host ?? '')} stands for every host`, url);
  if (isBlank(url.host)) throw undialable('it names no host', url);
}

function undialable(reason: string, url?: ServiceUrl): RegistryError {
  const shown = url === undefined ? '' : ` ${quoted(url.toString())}`;
  return new RegistryError(
    'INVALID_ADDRESS',
    `cannot use registry address${shown}: ${reason}; write etcd3://host:2379`,
    { reason, ...(url === undefined ? {} : { address: url.toString() }) },
  );
}

/** Adds the default port to an address without a port, or with port 0. The port is behind the first colon. */
export function appendDefaultPort(address: string, defaultPort: number): string {
  if (address === '' || defaultPort <= 0) return address;
  const colon = address.indexOf(':');
  if (colon < 0) return `${address}:${defaultPort}`;
  const port = parseJavaInt(address.slice(colon + 1));
  if (port === undefined) throw unusablePort(address, address.slice(colon + 1));
  return port === 0 ? `${address.slice(0, colon + 1)}${defaultPort}` : address;
}

/** The URL's own address and its backups, joined with commas, as `URL.getBackupAddress`. */
export function backupAddress(url: ServiceUrl, defaultPort = 0): string {
  if (url.address === undefined) throw undialable('it names no host', url);
  const addresses = [url.address, ...url.getListParameter('backup', [])];
  return addresses.map((address) => appendDefaultPort(address, defaultPort)).join(',');
}

/** The URL itself and one copy for each of its backups. */
export function backupUrls(url: ServiceUrl): readonly ServiceUrl[] {
  return [url, ...url.getListParameter('backup', []).map((backup) => url.withAddress(backup))];
}

/** What to dial: the addresses between commas, each with a scheme and a port. */
export function endpointsOf(addresses: string): readonly string[] {
  return addresses.split(',').flatMap((entry) => {
    const address = entry.trim();
    if (address === '') return [];
    const schemeEnd = address.indexOf('://');
    const scheme = schemeEnd < 0 ? 'http' : address.slice(0, schemeEnd);
    const host = schemeEnd < 0 ? address : address.slice(schemeEnd + 3);
    return `${scheme}://${/:[1-9][0-9]*$/.test(host) ? host : `${host.replace(/:0*$/, '')}:${etcdPort}`}`;
  });
}

/** The URL under which a registry is known, whatever path and interface its address had. */
export function registryUrlOf(address: ServiceUrl): ServiceUrl {
  return address
    .withPath(registryServiceName)
    .withServiceInterface(registryServiceName)
    .removeParameters('export', 'refer');
}

/**
 * Equal for addresses that share one registry in Dubbo: protocol, credentials, address, group and version count;
 * backups and settings do not.
 */
export function registryCacheKey(address: ServiceUrl): string {
  return registryUrlOf(address).toServiceStringWithoutResolving();
}

/**
 * The TTL of the lease from the parameter `session` (milliseconds), rounded up, because etcd counts whole seconds and
 * a session shorter than asked for loses keys; without a positive one 30.
 */
export function leaseTtlSeconds(registryUrl: ServiceUrl): number {
  const sessionMs = registryUrl.getIntParameter('session', sessionMsDefault);
  return Math.ceil((sessionMs > 0 ? sessionMs : sessionMsDefault) / 1000);
}

function unusablePort(address: string, digits: string): RegistryError {
  const reason = `the port ${quoted(digits)} is not a 32-bit integer`;
  return new RegistryError(
    'INVALID_URL',
    `cannot read address ${quoted(address)}: ${reason}; write host:port or a host alone`,
    { text: withoutPassword(address), reason },
  );
}
