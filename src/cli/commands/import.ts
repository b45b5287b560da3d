/** `leasehold import`: puts what was exported into an etcd; what a lease held, only while it runs itself. */
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import type { EtcdClient } from '../../etcd-client.js';
import type { KeyLayout } from '../../key-layout.js';
import { percentEncode } from '../../percent-coding.js';
import { ServiceUrl } from '../../url.js';
import { type Registered, readCatalogue } from '../catalogue.js';
import type { Call, Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import type { Column } from '../output.js';
import { withClient } from '../session.js';
import { shown } from '../shown.js';
import { type ExportedEntry, parseSnapshot } from '../snapshot.js';
import { UsageError } from '../usage-error.js';

interface Planned {
  readonly action: 'write' | 'hold' | 'present' | 'skip';
  readonly reason: string;
  readonly service: string;
  readonly category: string;
  readonly url: string;
  readonly key: string;
}

const columns: readonly Column<Planned>[] = [
  { title: 'ACTION', text: ({ action }) => action },
  { title: 'SERVICE', text: ({ service }) => service },
  { title: 'CATEGORY', text: ({ category }) => category },
  { title: 'URL', text: ({ url }) => url },
  { title: 'REASON', text: ({ reason }) => reason },
];

export const importCommand: Command = {
  name: 'import',
  group: 'Act',
  summary: 'put exported entries into an etcd, after asking',
  usage: ['<file> [--hold] [--dry-run] [--yes]', '- < <file>'],
  description: [
    'Writes the entries that have no lease: configurators, routers, static providers. They stay until somebody deletes them. What is there already is left alone, and nothing is deleted.',
    'An entry that a lease held belongs to its process and comes back with it, so it is left out; --hold registers such entries under a lease of this command and withdraws them when it ends, which fills a test etcd with the likeness of another.',
    'Before it writes it asks; where nobody can be asked it needs --yes.',
  ],
  options: {
    hold: { type: 'boolean', help: 'also register what a lease held, until Ctrl-C or SIGTERM' },
    'dry-run': { type: 'boolean', help: 'show what would be done, and do nothing' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  },
  examples: [
    { line: 'leasehold import registry.json --dry-run', what: 'what would it do?' },
    { line: 'leasehold import registry.json --yes', what: 'in a script' },
    {
      line: 'leasehold import --hold --yes --endpoints 127.0.0.1:2379 registry.json',
      what: 'the likeness of another registry, for a test',
    },
  ],
  operands: { min: 1, max: 1, name: 'file' },
  needsEtcd: true,
  async run(call) {
    const entries = parseSnapshot(await textOf(call));
    return withClient(
      call,
      async (client) => {
        const { services } = await readCatalogue(call, client);
        const present = new Set([...services.values()].flat().map(identityOf));
        const planned = entries.map((entry) =>
          plan(entry, client.layout, present, call.options.flag('hold')),
        );
        if (call.options.flag('dry-run')) {
          call.output.list(planned.map(withoutKey), columns as readonly Column<Omit<Planned, 'key'>>[]);
          return exitCodes.ok;
        }
        return carryOut(call, client, planned);
      },
      { closeTimeoutMs: 2_000 },
    );
  },
};

async function textOf({ operands, host, ending }: Call): Promise<string> {
  const [path = ''] = operands;
  if (path === '-') return readAll(addAbortSignal(ending.signal, host.stdin));
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${JSON.stringify(path)}: ${(error as Error).message}`);
  }
}

function plan(
  { service, category, url: text, leased, isPasswordHidden }: ExportedEntry,
  { root }: KeyLayout,
  present: ReadonlySet<string>,
  isHolding: boolean,
): Planned {
  const url = ServiceUrl.parse(text);
  const key = `${root}/${percentEncode(service)}/${category}/${percentEncode(text)}`;
  const what = { service, category, url: url.toString(), key };
  if (isPasswordHidden === true)
    return { action: 'skip', reason: 'its password is not in the file', ...what };
  if (present.has(identityOf({ service, category, url })))
    return { action: 'present', reason: 'it is there already', ...what };
  if (!leased) return { action: 'write', reason: 'it has no lease', ...what };
  if (isHolding) return { action: 'hold', reason: 'a lease held it', ...what };
  return { action: 'skip', reason: 'a lease held it, and comes back with its process', ...what };
}

/** The same for equal URLs, however whoever wrote their keys ordered and encoded them. */
function identityOf({ service, category, url }: Pick<Registered, 'service' | 'category' | 'url'>): string {
  return [service, category, url.canonicalKey].join(' ');
}

function withoutKey({ key: _key, ...planned }: Planned): Omit<Planned, 'key'> {
  return planned;
}

async function carryOut(call: Call, client: EtcdClient, planned: readonly Planned[]): Promise<number> {
  const { terminal, ending } = call;
  const written = planned.filter(({ action }) => action === 'write');
  const held = planned.filter(({ action }) => action === 'hold');
  const { root } = client.layout;
  for (const { reason, url } of planned.filter(({ action }) => action === 'skip')) {
    terminal.note(`left out: ${shown(url)}: ${reason}`);
  }
  if (written.length + held.length > 0) {
    await requireConsent(call, `Write ${written.length} and hold ${held.length} entries below ${root}?`);
    const { signal } = ending;
    const writing = Promise.all([
      ...written.map(({ key }) => client.create(key, { signal })),
      ...held.map(({ key }) => client.createEphemeral(key, { signal })),
    ]);
    await terminal.during('writing', writing);
  }
  const counts = {
    written: written.length,
    held: held.length,
    left: planned.length - written.length - held.length,
  };
  call.output.single(counts, [
    `${counts.written} written, ${counts.held} held, ${counts.left} left out or there already`,
  ]);
  if (held.length > 0) {
    terminal.hint('Ctrl-C withdraws what is held');
    await ending.asked;
  }
  return exitCodes.ok;
}

async function requireConsent({ options, terminal, ending }: Call, question: string): Promise<void> {
  if (options.flag('yes')) return;
  if (!terminal.canAsk)
    throw new UsageError('there is nobody to ask', 'say --yes, or look first with --dry-run');
  if (!(await terminal.confirm(question, ending.signal))) throw new UsageError('nothing was written');
}
