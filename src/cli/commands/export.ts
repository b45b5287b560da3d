/** `leasehold export`: what is registered, as a file that `leasehold import` reads. */
import { hidden } from '../../secrets.js';
import type { ServiceUrl } from '../../url.js';
import { type Registered, readCatalogue } from '../catalogue.js';
import type { Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { withClient } from '../session.js';
import { jsonOf, secrets } from '../shown.js';
import { type ExportedEntry, exportFormat } from '../snapshot.js';

export const exportCommand: Command = {
  name: 'export',
  group: 'Act',
  summary: 'write what is registered to stdout, for leasehold import',
  usage: ['> <file>'],
  description: [
    "One JSON document with every URL, its category, and whether a lease held it; with -o ndjson only the entries, one a line. It is etcd's content at one revision.",
    'A password or token in a URL is written as ***, and import leaves such entries out; --with-passwords writes it.',
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
    const withheld = entries.filter(({ isPasswordHidden }) => isPasswordHidden).length;
    if (withheld > 0)
      terminal.note(`${withheld} with a password that is not written; --with-passwords writes it`);
    if (undecodable.length > 0) terminal.note(`${undecodable.length} keys left out that cannot be read`);
    return exitCodes.ok;
  },
};

function entryOf({ service, category, url, leaseId }: Registered, isOpen: boolean): ExportedEntry {
  const shownUrl = isOpen ? url : withoutPasswords(url);
  return {
    service,
    category,
    url: shownUrl.toFullString(),
    leased: leaseId !== '0',
    ...(shownUrl === url ? {} : { isPasswordHidden: true }),
  };
}

/** The same URL if there is nothing to hide. */
function withoutPasswords(url: ServiceUrl): ServiceUrl {
  const shownUrl = (url.password ?? '') === '' ? url : url.withPassword(hidden);
  const names = Object.entries(url.parameters).filter(
    ([name, value]) => secrets.isSecretName(name) && value !== '',
  );
  return names.reduce((each, [name]) => each.addParameter(name, hidden), shownUrl);
}
