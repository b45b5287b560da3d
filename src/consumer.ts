/**
 * Consuming without Dubbo: a service is asked for by its name, and its providers come back as plain objects. What they
 * mean as URLs is in url-object.ts and docs/urls.md.
 */
import { anyHost, anyValue } from './dubbo-names.js';
import { RegistryError } from './errors.js';
import { quoted } from './quoted.js';
import { ServiceUrl } from './url.js';
import type { ServiceUrlParts } from './url-object.js';

/** A service by name. What is left out may be anything. */
export interface ServiceQuery {
  readonly service: string;
  readonly group?: string;
  readonly version?: string;
}

/** A consumer URL in any form, a service's name, or a {@link ServiceQuery}. A text without `://` is a name. */
export type ConsumerInput = string | ServiceUrl | ServiceUrlParts | ServiceQuery;

/** A provider as a plain object. */
export interface ServiceInstance {
  readonly protocol: string;
  readonly host: string;
  /** 0 if it names none. */
  readonly port: number;
  readonly service: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
  /** The other parameters, as text. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly url: ServiceUrl;
}

/** The consumer URL that asks for it. A name that is empty is an INVALID_URL. */
export function consumerUrl(input: ConsumerInput): ServiceUrl {
  if (input instanceof ServiceUrl) return input;
  if (typeof input === 'string')
    return input.includes('://') ? ServiceUrl.parse(input) : urlOf({ service: input });
  return 'host' in input ? ServiceUrl.from(input) : urlOf(input);
}

function urlOf({ service, group = anyValue, version = anyValue }: ServiceQuery): ServiceUrl {
  if (service === '' || /[?&]/.test(service)) {
    const reason = `${quoted(service)} is not the name of a service`;
    throw new RegistryError('INVALID_URL', `cannot read a consumer: ${reason}; pass a name or a url`, {
      reason,
      text: service,
    });
  }
  return ServiceUrl.from({ protocol: 'consumer', host: anyHost, service, group, version });
}

/** What a provider's URL says, as a plain object. */
export function instanceOf(url: ServiceUrl): ServiceInstance {
  const { interface: _name, group: _group, version: _version, ...metadata } = url.parameters;
  return {
    protocol: url.protocol ?? '',
    host: url.host ?? '',
    port: url.port,
    service: url.serviceInterface ?? '',
    group: url.getParameter('group'),
    version: url.getParameter('version'),
    metadata,
    url,
  };
}
