/** etcd's gRPC services as the etcd3 package defines them, so that both sides of the wire come from one description. */
import { credentials, type ServiceClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import type { IRangeRequest } from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';
import { hasEmptyField } from './wire.js';

export type ServiceName = 'KV' | 'Watch' | 'Lease' | 'Cluster' | 'Maintenance' | 'Auth';

const lengths = new WeakMap<object, number>();

/** How long the request was on the wire, in bytes. */
export function bytesOfRequest(request: object): number {
  return lengths.get(request) ?? 0;
}

/** Every service by name. The lengths of requests read through these are remembered for {@link bytesOfRequest}. */
export function serviceDefinitions(): Readonly<Record<ServiceName, ServiceDefinition>> {
  // A Host makes its clients from the definitions and opens no connection until a call is made.
  const host = new Host('127.0.0.1:1', credentials.createInsecure());
  const definitionOf = (name: ServiceName): ServiceDefinition => {
    const client = host.getServiceClient(name).constructor as ServiceClientConstructor;
    return measured(client.service);
  };
  try {
    return {
      KV: withOpenEnds(definitionOf('KV')),
      Watch: definitionOf('Watch'),
      Lease: definitionOf('Lease'),
      Cluster: definitionOf('Cluster'),
      Maintenance: definitionOf('Maintenance'),
      Auth: definitionOf('Auth'),
    };
  } finally {
    host.close();
  }
}

function measured(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): object => {
      const request = method.requestDeserialize(bytes) as object;
      lengths.set(request, bytes.length);
      return request;
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

/** The number of `range_end` in a RangeRequest. */
const rangeEndField = 2;

/** etcd reads a `range_end` that is sent but empty as "everything from the key on", where it does not replicate the request. */
function withOpenEnds(service: ServiceDefinition): ServiceDefinition {
  const { Range: range } = service;
  if (!range) return service;
  const requestDeserialize = (bytes: Buffer): object => {
    const request = range.requestDeserialize(bytes) as IRangeRequest;
    if (hasEmptyField(bytes, rangeEndField)) request.range_end = Buffer.from([0]);
    return request;
  };
  return { ...service, Range: { ...range, requestDeserialize } };
}
