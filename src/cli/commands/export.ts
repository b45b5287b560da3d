/** `leasehold export`: what is registered, as a file that `leasehold import` reads. */
import { type Registered, readCatalogue } from '../catalogue.js';
import type { Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { jsonOf } from '../output.js';
import { withClient } from '../session.js';
import { type ExportedEntry, exportFormat } from '../snapshot.js';

export const exportCommand: Command = {
  name: 'export',
  group: 'Act',
  summary: 'write what is registered to stdout, for leasehold import',
  usage: ['> <file>'],
  description: [
    "One JSON document with every URL, its category, and whether a lease held it; with -o ndjson only the entries, one a line. It is etcd's content at one revision.",
    'A password in a URL is written as ***, and import leaves such entries out; --with-passwords writes it.',
  ],
  options: {
    'with-passwords': { type: 'boolean', help: 'passwords as they are; keep the file to yourself' },
  },
  examples: [
    { line: 'leasehold export > registry.json', what: 'everything' },
    {
      line: "leasehold export -o ndjson | jq -r 'select(.leased | not).url'",
      what: 'what stays without a process',
    },
  ],
  operands: { min: 0, max: 0, name: '' },
  needsEtcd: true,
  async run(call) {
    const { output, terminal, options } = call;
    const isOpen = options.flag('with-passwords');
    const { layout, services, undecodable } = await withClient(call, (client) => readCatalogue(call, client));
    const entries = [...services.values()].flat().map((registered) => entryOf(registered, isOpen));
    if (output.format === 'ndjson') for (const entry of entries) terminal.print(jsonOf(entry));
    else {
      const head = { format: exportFormat, root: layout.root, exportedAt: new Date().toISOString() };
      terminal.print(jsonOf({ ...head, entries }, 2));
    }
    const hidden = entries.filter(({ isPasswordHidden }) => isPasswordHidden).length;
    if (hidden > 0)
      terminal.note(`${hidden} with a password that is not written; --with-passwords writes it`);
    if (undecodable.length > 0) terminal.note(`${undecodable.length} keys left out that cannot be read`);
    return exitCodes.ok;
  },
};

function entryOf({ service, category, url, leaseId }: Registered, isOpen: boolean): ExportedEntry {
  const isPasswordHidden = !isOpen && url.password !== undefined && url.password !== '';
  return {
    service,
    category,
    url: isPasswordHidden ? url.withPassword('***').toFullString() : url.toFullString(),
    leased: leaseId !== '0',
    ...(isPasswordHidden ? { isPasswordHidden } : {}),
  };
}
