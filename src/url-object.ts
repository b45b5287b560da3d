/** A service described by a plain object, for those who have never seen a Dubbo URL; docs/urls.md shows the mapping. */
import { RegistryError } from './errors.js';
import { quoted } from './quoted.js';
import type { UrlParts } from './url-parts.js';

/** What a provider or consumer is, in plain words. */
export interface ServiceUrlParts {
  /** How the provider is called, or `consumer`. @defaultValue 'dubbo' */
  readonly protocol?: string;
  readonly host: string;
  /** Absent for a consumer. */
  readonly port?: number;
  /** The name of the interface; it becomes the path and the parameter `interface`. */
  readonly service: string;
  readonly group?: string;
  readonly version?: string;
  /** Further parameters; `undefined` leaves one out. `interface`, `group` and `version` yield to the fields above. */
  readonly metadata?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** The parts and parameters of the Dubbo URL that says the same. Wrong kinds of value are an INVALID_URL. */
export function objectParts(input: ServiceUrlParts): { parts: UrlParts; parameters: Map<string, string> } {
  if (typeof input !== 'object' || input === null) throw unusable('url', input, 'a text or an object');
  const host = requireText('host', input.host);
  const service = requireText('service', input.service);
  const port = input.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw unusable('port', port, 'a port');
  const parameters = new Map<string, string>();
  for (const [key, value] of Object.entries(input.metadata ?? {})) {
    if (value === undefined) continue;
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw unusable(`metadata.${key}`, value, 'a text, a number or a boolean');
    }
    parameters.set(key, String(value));
  }
  parameters.set('interface', service);
  if (input.group !== undefined) parameters.set('group', requireText('group', input.group));
  if (input.version !== undefined) parameters.set('version', requireText('version', input.version));
  const protocol = requireText('protocol', input.protocol ?? 'dubbo');
  return {
    parts: { protocol, username: undefined, password: undefined, host, port, path: service },
    parameters,
  };
}

function requireText(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw unusable(field, value, 'a text that is not empty');
  return value;
}

function unusable(field: string, value: unknown, form: string): RegistryError {
  const reason = `${field} is ${typeof value === 'string' ? quoted(value) : String(value)}, not ${form}`;
  return new RegistryError(
    'INVALID_URL',
    `cannot build a url: ${reason}; pass { protocol, host, port, service, group, version, metadata }`,
    { reason, option: field },
  );
}
