/** docker-compose.yml, checked without a Docker engine: against the Compose Specification, and for what it is for. */
import { readFileSync } from 'node:fs';
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly ports: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
}

const composeFile = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const validate = composeSchema();

describe('docker-compose.yml', () => {
  test('is valid by the Compose Specification', () => {
    validate(parse(composeFile, { merge: true }));
    expect(validate.errors).toBeNull();
  });

  test.for([
    ['an unknown key of a service', (text: string) => text.replace('ports:', 'port:')],
    ['an unknown key of a health check', (text: string) => text.replace('retries:', 'retry:')],
    ['a duration without unit', (text: string) => text.replace('interval: 2s', "interval: '2'")],
  ] as const)('would be refused with %s', ([, spoil]) => {
    const spoilt = spoil(composeFile);
    expect(spoilt).not.toBe(composeFile);
    expect(validate(parse(spoilt, { merge: true }))).toBe(false);
  });

  test('starts one etcd by default and three members under the profile cluster', () => {
    expect(servicesOf(undefined).map(([name]) => name)).toEqual(['etcd']);
    expect(servicesOf('cluster').map(([name]) => name)).toEqual(['etcd-1', 'etcd-2', 'etcd-3']);
  });

  test('checks the health of every service with etcdctl, pins its image, and shows it to this machine alone', () => {
    for (const [, service] of services()) {
      expect(service.healthcheck.test).toEqual(['CMD', 'etcdctl', 'endpoint', 'health']);
      expect(service.image).toMatch(/^quay\.io\/coreos\/etcd:v\d+\.\d+\.\d+$/);
      expect(service.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+:2379$/)]);
    }
  });

  test('gives each member its own name and addresses, and all of them the same list of members', () => {
    const members = servicesOf('cluster');
    const list = members.map(([name]) => `${name}=http://${name}:2380`).join(',');
    for (const [name, { environment, ports }] of members) {
      expect(environment).toMatchObject({
        ETCD_NAME: name,
        ETCD_INITIAL_CLUSTER: list,
        ETCD_INITIAL_ADVERTISE_PEER_URLS: `http://${name}:2380`,
        ETCD_ADVERTISE_CLIENT_URLS: `http://${ports[0]?.replace(/:2379$/, '')}`,
      });
    }
    expect(new Set(services().map(([, { ports }]) => ports[0])).size).toBe(4);
  });
});

function services(): [string, Service][] {
  const { services: all } = parse(composeFile, { merge: true }) as { services: Record<string, Service> };
  return Object.entries(all);
}

function servicesOf(profile: string | undefined): [string, Service][] {
  return services().filter(([, service]) => service.profiles?.[0] === profile);
}

/** The schema names its ids by `id`, which ajv knows as `$id` only; no reference in it needs them. */
function composeSchema(): ValidateFunction {
  const text = readFileSync(new URL('./vendor/compose-spec/compose-spec.json', import.meta.url), 'utf8');
  const schema = JSON.parse(text, (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as Record<string, unknown>;
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  for (const format of ['expose', 'ports', 'subnet_ip_address']) ajv.addFormat(format, true);
  return ajv.compile(schema);
}
