/**
 * Where settings come from when the caller names none: options first, then the environment, then a
 * `dubbo.properties` file, then defaults. The lookups follow ConfigurationUtils of Dubbo 2.7.1; what a setting means
 * is decided elsewhere. {@link loadSettings} alone touches the file system.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { etcdPort, shutdownWaitMsDefault } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { equalsIgnoringCase, javaTrim, parseJavaInt } from './java-text.js';
import { readProperties } from './properties.js';
import { quoted } from './quoted.js';
import { parseRegistryAddress } from './registry-address.js';
import type { ServiceUrl } from './url.js';
import { isBlank } from './url-parts.js';

/** Values by name, as in `process.env`. An own property that is undefined counts as absent. */
export type PropertySource = Readonly<Record<string, string | undefined>>;

/** Properties text as a source; no text is no properties. A malformed escape is an INVALID_OPTION. */
export function parseProperties(text: string | undefined): PropertySource {
  const source: Record<string, string> = Object.create(null);
  for (const [name, value] of readProperties(text ?? '')) source[name] = value;
  return source;
}

/** The value of the first source that has the name, even an empty one, or the fallback; trimmed. */
export function getProperty(
  sources: readonly PropertySource[],
  name: string,
  fallback?: string,
): string | undefined {
  for (const source of sources) {
    const value = valueIn(source, name);
    if (value !== undefined) return javaTrim(value);
  }
  return fallback === undefined ? undefined : javaTrim(fallback);
}

/** Replaces `${name}` and `$name` in each value from the sources given, then from the source itself, else by ''. */
export function withPlaceholders(
  source: PropertySource,
  ...sources: readonly PropertySource[]
): PropertySource {
  const expanded: Record<string, string> = Object.create(null);
  const lookups = [...sources, source];
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined)
      expanded[name] = value.replace(placeholder, (_all, key: string) => lookup(lookups, key));
  }
  return expanded;
}

const placeholder = /\$[ \t\n\v\f\r]*(?:\{[ \t\n\v\f\r]*)?([._0-9a-zA-Z]+)[ \t\n\v\f\r]*\}?/g;

function lookup(sources: readonly PropertySource[], name: string): string {
  for (const source of sources) {
    const value = valueIn(source, name);
    if (value !== undefined) return value;
  }
  return '';
}

function valueIn(source: PropertySource, name: string): string | undefined {
  return Object.hasOwn(source, name) ? source[name] : undefined;
}

/**
 * How long a server waits for running calls when it shuts down, in milliseconds: `dubbo.service.shutdown.wait`, or
 * `dubbo.service.shutdown.wait.seconds` where that is blank. A value that is no integer counts as the default.
 *
 * @defaultValue 10000
 */
export function getServerShutdownTimeout(sources: readonly PropertySource[]): number {
  const wait = getProperty(sources, 'dubbo.service.shutdown.wait');
  if (!isBlank(wait)) return parseJavaInt(wait) ?? shutdownWaitMsDefault;
  const seconds = parseJavaInt(getProperty(sources, 'dubbo.service.shutdown.wait.seconds', '') ?? '');
  return seconds === undefined ? shutdownWaitMsDefault : Math.imul(seconds, 1000);
}

/** True for a value that switches a setting off: none, '', `false`, `0`, `null` or `N/A`, in any case. */
export function isOff(value: string | undefined): boolean {
  return isBlank(value) || ['FALSE', '0', 'NULL', 'N/A'].some((word) => equalsIgnoringCase(value, word));
}

/** The settings that may come from outside, each with its name in a properties file. */
const propertyNames = {
  address: 'dubbo.registry.address',
  username: 'dubbo.registry.username',
  password: 'dubbo.registry.password',
  group: 'dubbo.registry.group',
  session: 'dubbo.registry.session',
  timeout: 'dubbo.registry.timeout',
  check: 'dubbo.registry.check',
  file: 'dubbo.registry.file',
  'retry.period': 'dubbo.registry.retry.period',
  application: 'dubbo.application.name',
} as const;

/** The name of a setting; beside the address and the credentials, that of a parameter of the registry URL. */
type SettingName = keyof typeof propertyNames;

/** Settings the caller names himself. */
export type SettingOptions = Readonly<Partial<Record<SettingName, string | number | boolean | undefined>>>;

/** Where a setting was found; `address` means in the query or user info of the address. */
type SettingOrigin = 'options' | 'environment' | 'file' | 'address' | 'default';

/** What all layers together say. */
export interface ResolvedSettings {
  /** The registry's URL with every setting in it. */
  readonly url: ServiceUrl;
  /** Which layer each setting came from; those nobody set are absent. */
  readonly origins: Readonly<Partial<Record<SettingName, SettingOrigin>>>;
}

/** The layers, strongest first. A blank value counts as absent. */
export interface SettingLayers {
  readonly options?: SettingOptions;
  readonly environment?: PropertySource;
  readonly file?: PropertySource;
}

/**
 * Puts the layers together. A setting in the address counts as much as the address does: it yields to the same setting
 * in a stronger layer, and stands against one in the same layer. Nothing that can be dialled is an INVALID_ADDRESS.
 */
export function resolveSettings(layers: SettingLayers): ResolvedSettings {
  const found = (name: SettingName): readonly [SettingOrigin, string] | undefined => {
    const { options = {}, environment = {}, file = {} } = layers;
    const texts = {
      options: options[name],
      environment: inEnvironment(environment, name),
      file: file[propertyNames[name]],
    };
    for (const origin of strength) {
      const text = javaTrim(String(texts[origin] ?? ''));
      if (text !== '') return [origin, text];
    }
    return undefined;
  };
  const [addressOrigin, address] = found('address') ?? ['default', `127.0.0.1:${etcdPort}`];
  const origins: Partial<Record<SettingName, SettingOrigin>> = { address: addressOrigin };
  let url = parseRegistryAddress(address);
  for (const name of Object.keys(propertyNames) as SettingName[]) {
    if (name === 'address') continue;
    const inAddress = !isBlank(url.getRawParameter(name));
    const [origin, text] = found(name) ?? [];
    if (origin !== undefined && text !== undefined && (!inAddress || isStronger(origin, addressOrigin))) {
      url = withSetting(url, name, text);
      origins[name] = origin;
    } else if (inAddress) origins[name] = 'address';
  }
  return { url, origins };
}

const strength = ['options', 'environment', 'file'] as const;

function isStronger(one: SettingOrigin, other: SettingOrigin): boolean {
  const order: readonly SettingOrigin[] = [...strength, 'address', 'default'];
  return order.indexOf(one) < order.indexOf(other);
}

/** `LEASEHOLD_RETRY_PERIOD` before `DUBBO_REGISTRY_RETRY_PERIOD`. */
function inEnvironment(environment: PropertySource, name: SettingName): string | undefined {
  const own = environment[environmentName(`leasehold.${name}`)];
  return isBlank(own) ? environment[environmentName(propertyNames[name])] : own;
}

function environmentName(name: string): string {
  return name.replaceAll('.', '_').toUpperCase();
}

function withSetting(url: ServiceUrl, name: SettingName, text: string): ServiceUrl {
  if (name === 'username') return url.withUsername(text);
  if (name === 'password') return url.withPassword(text);
  return url.addParameter(name, text);
}

/**
 * {@link resolveSettings} with the environment of the process and the properties file named by
 * `LEASEHOLD_PROPERTIES_FILE` or `DUBBO_PROPERTIES_FILE`, or `dubbo.properties` in the working directory if there is
 * one. The file is read as Latin-1, as Java does; other characters are written `\uXXXX`.
 */
export function loadSettings(
  options: SettingOptions = {},
  environment: PropertySource = process.env,
): ResolvedSettings {
  const text = readSettingsFile(environment);
  const file = withPlaceholders(parseProperties(text), environment);
  return resolveSettings({ options, environment, file });
}

function readSettingsFile(environment: PropertySource): string | undefined {
  const { LEASEHOLD_PROPERTIES_FILE, DUBBO_PROPERTIES_FILE } = environment;
  const named = LEASEHOLD_PROPERTIES_FILE || DUBBO_PROPERTIES_FILE;
  const path = resolve(named || 'dubbo.properties');
  try {
    return readFileSync(path, 'latin1');
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isAbsent && !named) return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError(
      'INVALID_OPTION',
      `cannot read settings from ${quoted(path)}: ${reason}; correct or unset LEASEHOLD_PROPERTIES_FILE`,
      { cause, reason, option: 'LEASEHOLD_PROPERTIES_FILE' },
    );
  }
}
