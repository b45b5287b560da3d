/** `leasehold ui`: the offline inspector over a registry that follows what there is. */
import { consumerUrl } from '../../consumer.js';
import type { Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { withRegistry } from '../session.js';

export const ui: Command = {
  name: 'ui',
  group: 'Check',
  summary: 'a page on this machine that shows the machines at work',
  usage: ['[service…] [--port <n>]'],
  description: [
    'Opens a registry that follows the services, all of them without any named, and serves a page that shows its machines, its subscriptions and what happens, live. The page needs no internet, listens on 127.0.0.1 only, and is opened by the token in its address.',
    'It shows the registry of this command. To look into a running program, that program calls startInspector of leasehold/inspect.',
  ],
  options: {
    port: { type: 'string', value: 'n', help: 'the port of the page; a free one without' },
  },
  examples: [
    { line: 'leasehold ui', what: 'all services' },
    { line: 'leasehold ui com.acme.Orders --port 8080', what: 'one service, at a port to be forwarded' },
  ],
  operands: { min: 0, max: Number.POSITIVE_INFINITY, name: 'service' },
  needsEtcd: true,
  async run(call) {
    const port = call.options.count('port', 65_535) ?? 0;
    const wanted = (call.operands.length === 0 ? ['*'] : call.operands).map(consumerUrl);
    const { startInspector } = await import('../../inspect/inspector.js');
    await withRegistry(call, async (registry) => {
      const { signal } = call.ending;
      await Promise.all(wanted.map((url) => registry.subscribe(url, () => {}, { signal })));
      const inspector = await startInspector(registry, { port });
      try {
        call.output.event({ url: inspector.url }, inspector.url);
        call.terminal.hint('open it in a browser; Ctrl-C ends it');
        await call.ending.asked;
      } finally {
        await inspector.close();
      }
    });
    return exitCodes.ok;
  },
};
