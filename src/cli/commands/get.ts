/** `leasehold get`: who is registered for one service. */
import type { ServiceUrl } from '../../url.js';
import { type Catalogue, type Registered, readCatalogue } from '../catalogue.js';
import type { Call, Command } from '../command.js';
import { shownAge } from '../duration.js';
import { exitCodes } from '../exit-codes.js';
import type { Column } from '../output.js';
import { withClient } from '../session.js';
import { shown } from '../shown.js';
import { closest } from '../usage-error.js';

interface Row {
  readonly address: string;
  readonly protocol: string;
  readonly category: string;
  readonly group: string | null;
  readonly version: string | null;
  readonly weight: number | null;
  /** False when an operator or the provider itself has switched it off. */
  readonly isEnabled: boolean;
  /** When the provider says it registered, in milliseconds since 1970. */
  readonly registeredAt: number | null;
  /** In hexadecimal, as etcdctl writes it; null for an entry that stays without its process. */
  readonly lease: string | null;
  readonly url: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'ADDRESS', text: ({ address }) => address },
  { title: 'PROTOCOL', text: ({ protocol }) => protocol },
  { title: 'CATEGORY', text: ({ category }) => category },
  { title: 'GROUP', text: ({ group }) => group ?? '-' },
  { title: 'VERSION', text: ({ version }) => version ?? '-' },
  { title: 'WEIGHT', text: ({ weight }) => String(weight ?? '-'), isNumber: true },
  {
    title: 'STATE',
    text: ({ isEnabled }) => (isEnabled ? 'enabled' : 'disabled'),
    style: ({ isEnabled }) => (isEnabled ? 'green' : 'yellow'),
  },
  {
    title: 'AGE',
    text: ({ registeredAt }) => (registeredAt === null ? '-' : shownAge(Date.now() - registeredAt)),
    isNumber: true,
  },
  { title: 'LEASE', text: ({ lease }) => lease ?? 'none', style: () => 'dim' },
];

export const get: Command = {
  name: 'get',
  group: 'Look',
  summary: 'show who is registered for a service',
  usage: ['<service>'],
  description: [
    'One line for each provider: where it is, its group, version and weight, how long ago it says it registered, and the lease that holds it. An entry whose lease is "none" stays in etcd when its process is gone.',
    'User names and passwords in URLs are not shown.',
  ],
  options: {
    category: {
      type: 'string',
      value: 'name',
      help: 'providers (the default), consumers, routers, configurators, or * for all',
    },
    group: { type: 'string', value: 'name', help: 'only those of this group' },
    version: { type: 'string', value: 'version', help: 'only those of this version' },
    raw: { type: 'boolean', help: 'only the URLs, one a line' },
  },
  examples: [
    { line: 'leasehold get com.acme.Orders', what: 'its providers' },
    { line: "leasehold get com.acme.Orders --category '*'", what: 'all that is registered for it' },
    { line: 'leasehold get com.acme.Orders -o json | jq -r .[].address', what: 'the addresses' },
  ],
  operands: { min: 1, max: 1, name: 'service' },
  needsEtcd: true,
  async run(call) {
    const [service = ''] = call.operands;
    const catalogue = await withClient(call, (client) => readCatalogue(call, client));
    const found = wantedOf(call, catalogue.services.get(service) ?? []);
    if (call.options.flag('raw') && !call.output.isData) {
      for (const { url } of found) call.terminal.print(shown(url.toString()));
    } else call.output.list(found.map(rowOf), columns);
    if (found.length > 0) return exitCodes.ok;
    explainAbsence(call, service, catalogue);
    return exitCodes.nothingFound;
  },
};

function wantedOf({ options }: Call, registered: readonly Registered[]): readonly Registered[] {
  const category = options.text('category') ?? 'providers';
  const group = options.text('group');
  const version = options.text('version');
  return registered.filter(
    (each) =>
      (category === '*' || each.category === category) &&
      (group === undefined || each.url.getParameter('group') === group) &&
      (version === undefined || each.url.getParameter('version') === version),
  );
}

function rowOf({ url, category, leaseId }: Registered): Row {
  return {
    address: url.address ?? '',
    protocol: url.protocol ?? '',
    category,
    group: url.getParameter('group') ?? null,
    version: url.getParameter('version') ?? null,
    weight: numberOf(url, 'weight'),
    isEnabled: url.getBooleanParameter('enabled', true) && !url.getBooleanParameter('disabled', false),
    registeredAt: numberOf(url, 'timestamp'),
    lease: leaseId === '0' ? null : BigInt(leaseId).toString(16),
    url: url.toString(),
  };
}

function numberOf(url: ServiceUrl, name: string): number | null {
  const text = url.getParameter(name) ?? '';
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

function explainAbsence({ terminal }: Call, service: string, { services }: Catalogue): void {
  const near = services.has(service) ? undefined : closest(service, services.keys());
  if (services.has(service)) terminal.note(`nobody like that is registered for ${shown(service)}`);
  else
    terminal.note(
      shown(`there is no service ${service}${near === undefined ? '' : `; did you mean ${near}?`}`),
    );
  terminal.note(`leasehold explain ${shown(near ?? service)} says more`);
}
