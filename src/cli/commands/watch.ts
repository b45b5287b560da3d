/** `leasehold watch`: who comes and who goes, line by line, until told to end. */
import { consumerUrl } from '../../consumer.js';
import type { ConnectionEvent } from '../../events.js';
import type { Registry } from '../../registry.js';
import type { ServiceUrl } from '../../url.js';
import type { RegistryView } from '../../view-iterator.js';
import type { Call, Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { withRegistry } from '../session.js';
import { shown } from '../shown.js';
import type { Style } from '../terminal.js';
import { UsageError } from '../usage-error.js';

type Told = Pick<Call, 'terminal' | 'output'>;

type Happening = 'added' | 'removed' | 'changed' | 'stale' | 'live' | 'connected' | 'disconnected';

const marks: Readonly<Record<Happening, { readonly sign: string; readonly style: Style }>> = {
  added: { sign: '+', style: 'green' },
  removed: { sign: '-', style: 'red' },
  changed: { sign: '~', style: 'yellow' },
  stale: { sign: '?', style: 'yellow' },
  live: { sign: '=', style: 'dim' },
  connected: { sign: '*', style: 'dim' },
  disconnected: { sign: '!', style: 'red' },
};

export const watch: Command = {
  name: 'watch',
  group: 'Look',
  summary: 'follow who comes and goes, until Ctrl-C',
  usage: ['[service…]', '<consumer url>…'],
  description: [
    'Prints who is there first, then every change: + came, - went, ~ the same address with other parameters, ? the list may be out of date from now on, = it is up to date again, ! etcd is away, * it is back. Without a service it follows all of them.',
    'Through an outage nothing is missed: what changed meanwhile is printed when etcd is back. Changes that come together may be told as one.',
    'The columns of -o text: time, sign, service, category, url or reason, revision.',
  ],
  options: {
    category: {
      type: 'string',
      value: 'name',
      help: 'providers (the default), consumers, routers, configurators, or * for all',
    },
    group: { type: 'string', value: 'name', help: 'only providers of this group; any without' },
    version: { type: 'string', value: 'version', help: 'only providers of this version; any without' },
  },
  examples: [
    { line: 'leasehold watch com.acme.Orders', what: 'one service' },
    {
      line: 'leasehold watch -o ndjson | jq -c \'select(.event == "removed")\'',
      what: 'whoever leaves, as JSON',
    },
  ],
  operands: { min: 0, max: Number.POSITIVE_INFINITY, name: 'service' },
  needsEtcd: true,
  async run(call) {
    if (call.output.format === 'json') {
      throw new UsageError('a watch has no end, so it cannot be one JSON text', 'use -o ndjson');
    }
    const wanted = (call.operands.length === 0 ? ['*'] : call.operands).map((input) => urlOf(call, input));
    await withRegistry(call, async (registry) => {
      const { signal } = call.ending;
      call.terminal.hint('Ctrl-C ends it');
      registry.on('connection', (event) => tellConnection(call, event));
      registry.on('undecodable', ({ error }) => call.terminal.note(shown(error.message)));
      await Promise.all(wanted.map((url) => follow(call, registry, url, signal)));
    });
    return exitCodes.ok;
  },
};

function urlOf({ options }: Call, input: string): ServiceUrl {
  const group = options.text('group');
  const version = options.text('version');
  const url = consumerUrl(
    input.includes('://')
      ? input
      : {
          service: input,
          ...(group === undefined ? {} : { group }),
          ...(version === undefined ? {} : { version }),
        },
  );
  const category = options.text('category');
  return category === undefined ? url : url.addParameter('category', category);
}

async function follow(call: Call, registry: Registry, url: ServiceUrl, signal: AbortSignal): Promise<void> {
  const stale = new Set<string>();
  for await (const view of registry.watch(url, { signal })) {
    const id = `${view.service} ${view.category}`;
    tellChanges(call, view);
    if (view.stale !== undefined && !stale.has(id)) {
      stale.add(id);
      tell(call, 'stale', view, view.stale.reason);
    } else if (view.stale === undefined && stale.delete(id)) tell(call, 'live', view, 'up to date again');
  }
}

/** One line for each who came, went or changed since the view before. */
export function tellChanges(call: Told, view: RegistryView): void {
  const removed = new Map(view.removed.map((url) => [identityOf(url), url]));
  const came = new Set<string>();
  for (const url of view.added) {
    const identity = identityOf(url);
    came.add(identity);
    tell(call, removed.has(identity) ? 'changed' : 'added', view, url.toString());
  }
  for (const [identity, url] of removed) if (!came.has(identity)) tell(call, 'removed', view, url.toString());
}

/** Where somebody can be called, and as what. */
function identityOf(url: ServiceUrl): string {
  return [url.protocol, url.address, url.path, url.getParameter('group'), url.getParameter('version')].join(
    ' ',
  );
}

function tell(call: Told, event: Happening, view: RegistryView, text: string): void {
  const { service, category, revision, history } = view;
  const what = event === 'stale' || event === 'live' ? { reason: text } : { url: text };
  print(call, event, { service, category, ...what, revision, history }, [service, category, text, revision]);
}

function tellConnection(call: Call, event: ConnectionEvent): void {
  const text = event.state === 'connected' ? event.endpoint : event.reason;
  const what = event.state === 'connected' ? { endpoint: text } : { reason: text };
  print(call, event.state, what, ['', '', text, '']);
}

function print({ terminal, output }: Told, event: Happening, facts: object, cells: readonly string[]): void {
  const time = new Date().toISOString();
  const { sign, style } = marks[event];
  const [service = '', category = '', text = '', revision = ''] = cells.map(shown);
  const line =
    output.format === 'text'
      ? [time, sign, service, category, text, revision].join('\t')
      : [
          terminal.paint('dim', time.slice(11, 19)),
          terminal.paint(style, sign),
          ...(service === '' ? [] : [`${service} ${terminal.paint('dim', category)}`]),
          terminal.paint(style, text),
          ...(revision === '' ? [] : [terminal.paint('dim', `@${revision}`)]),
        ].join('  ');
  output.event({ time, event, ...facts }, line);
}
