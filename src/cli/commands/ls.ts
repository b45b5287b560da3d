/** `leasehold ls`: which services there are, and how many provide and consume them. */
import { nameTest, type Registered, readCatalogue } from '../catalogue.js';
import type { Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import type { Column } from '../output.js';
import { withClient } from '../session.js';

interface Row {
  readonly service: string;
  readonly providers: number;
  readonly consumers: number;
  readonly configurators: number;
  readonly routers: number;
  readonly groups: readonly string[];
  readonly versions: readonly string[];
}

const columns: readonly Column<Row>[] = [
  { title: 'SERVICE', text: ({ service }) => service },
  {
    title: 'PROVIDERS',
    text: ({ providers }) => String(providers),
    isNumber: true,
    style: ({ providers }) => (providers === 0 ? 'yellow' : undefined),
  },
  { title: 'CONSUMERS', text: ({ consumers }) => String(consumers), isNumber: true },
  { title: 'GROUPS', text: ({ groups }) => groups.join(',') || '-' },
  { title: 'VERSIONS', text: ({ versions }) => versions.join(',') || '-' },
];

export const ls: Command = {
  name: 'ls',
  group: 'Look',
  summary: 'list the services, with how many provide and consume them',
  usage: ['[pattern]'],
  description: [
    'A pattern with * or ? must fit the whole name; one without is looked for anywhere in it. Capitals do not count.',
    'A service with nobody behind it is listed too: its interface was registered once.',
  ],
  options: {
    group: { type: 'string', value: 'name', help: 'only providers of this group count' },
    version: { type: 'string', value: 'version', help: 'only providers of this version count' },
  },
  examples: [
    { line: 'leasehold ls', what: 'everything' },
    { line: "leasehold ls 'com.acme.*' -o json", what: 'for a program' },
    { line: "leasehold ls | awk '$2 == 0'", what: 'services without a provider' },
  ],
  operands: { min: 0, max: 1, name: 'pattern' },
  needsEtcd: true,
  async run(call) {
    const [pattern] = call.operands;
    const isWanted = nameTest(pattern);
    const group = call.options.text('group');
    const version = call.options.text('version');
    const { services } = await withClient(call, (client) => readCatalogue(call, client));
    const rows = [...services]
      .filter(([service]) => isWanted(service))
      .map(([service, registered]) => rowOf(service, registered.filter(among(group, version))))
      .filter(({ providers, consumers }) => (group ?? version) === undefined || providers + consumers > 0);
    call.output.list(rows, columns);
    if (rows.length > 0) return exitCodes.ok;
    call.terminal.note(pattern === undefined ? 'nothing is registered here' : `no service fits ${pattern}`);
    return exitCodes.nothingFound;
  },
};

function among(group: string | undefined, version: string | undefined): (registered: Registered) => boolean {
  return ({ url }) =>
    (group === undefined || url.getParameter('group') === group) &&
    (version === undefined || url.getParameter('version') === version);
}

function rowOf(service: string, registered: readonly Registered[]): Row {
  const count = (wanted: string): number => registered.filter(({ category }) => category === wanted).length;
  const providers = registered.filter(({ category }) => category === 'providers');
  const values = (name: string): readonly string[] =>
    [...new Set(providers.flatMap(({ url }) => url.getParameter(name) ?? []))].sort();
  return {
    service,
    providers: providers.length,
    consumers: count('consumers'),
    configurators: count('configurators'),
    routers: count('routers'),
    groups: values('group'),
    versions: values('version'),
  };
}
