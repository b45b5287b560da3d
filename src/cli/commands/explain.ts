/** `leasehold explain`: why a consumer sees whom it sees. */
import type { ServiceQuery } from '../../consumer.js';
import type { Explanation } from '../../explanation.js';
import type { Call, Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { withRegistry } from '../session.js';
import { shown } from '../shown.js';
import type { Terminal } from '../terminal.js';

export const explain: Command = {
  name: 'explain',
  group: 'Look',
  summary: 'why a consumer sees the providers it sees, or nobody',
  usage: ['<service>', '<consumer url>'],
  description: [
    'Compares everything registered for the service with what the consumer asks for, and says of each entry that does not match what keeps it from matching: group, version, category, classifier, or that it is switched off.',
    'By name alone, any group and any version will do. A consumer URL asks exactly as Dubbo does: without a group, only providers without one match.',
  ],
  options: {
    group: { type: 'string', value: 'name', help: 'what the consumer asks for' },
    version: { type: 'string', value: 'version', help: 'what the consumer asks for' },
  },
  examples: [
    {
      line: 'leasehold explain com.acme.Orders --version 2.0.0',
      what: 'is there anybody for version 2.0.0?',
    },
    {
      line: "leasehold explain 'consumer://10.0.0.2/com.acme.Orders?group=blue'",
      what: 'with the URL from the log of a consumer',
    },
  ],
  operands: { min: 1, max: 1, name: 'service or consumer url' },
  needsEtcd: true,
  async run(call) {
    const { terminal, ending } = call;
    const explanation = await withRegistry(call, (registry) =>
      terminal.during('reading', registry.explain(asked(call), { signal: ending.signal })),
    );
    call.output.single(explanation, linesOf(explanation, terminal));
    if (explanation.finding === 'noSuchService') terminal.note('leasehold ls lists the services');
    return explanation.finding === 'provided' ? exitCodes.ok : exitCodes.nothingFound;
  },
};

function asked({ operands, options }: Call): string | ServiceQuery {
  const [input = ''] = operands;
  if (input.includes('://')) return input;
  const group = options.text('group');
  const version = options.text('version');
  return {
    service: input,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
  };
}

function linesOf(explanation: Explanation, terminal: Terminal): readonly string[] {
  const { consumer, path, summary, finding, matching, remarks, mismatching, undecodable } = explanation;
  const isProvided = finding === 'provided';
  return [
    `${terminal.paint(isProvided ? 'green' : 'red', isProvided ? 'provided' : 'not provided')}: ${shown(summary)}`,
    `asked: ${shown(consumer)}`,
    `path:  ${shown(path)}`,
    ...matching.map((url) => `${terminal.paint('green', 'match')}  ${shown(url)}`),
    ...remarks.map((remark) => `${terminal.paint('yellow', 'but')}    ${shown(remark)}`),
    ...mismatching.flatMap(({ url, differences }) => [
      `${terminal.paint('yellow', 'other')}  ${shown(url)}`,
      ...differences.map(
        ({ field, wanted, found }) =>
          `       ${field}: wanted ${shown(wanted ?? 'none')}, found ${shown(found ?? 'none')}`,
      ),
    ]),
    ...undecodable.map(
      ({ key, reason }) => `${terminal.paint('red', 'unreadable')}  ${shown(key)}: ${shown(reason)}`,
    ),
  ];
}
