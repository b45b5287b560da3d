/** `leasehold doctor`: looks at the etcd and at what is registered, and says what to do about what it does not like. */
import { type Advice, examineCluster } from '../checks/cluster.js';
import { examineContent } from '../checks/content.js';
import type { Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { shown } from '../shown.js';
import type { Style } from '../terminal.js';

const styles: Readonly<Record<Advice['level'], Style>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
  skip: 'dim',
};

export const doctor: Command = {
  name: 'doctor',
  group: 'Check',
  summary: 'check the etcd and what is registered in it, and say what to do',
  usage: ['[--read-only] [--probe]'],
  description: [
    'Looks at: every endpoint by itself, the credentials, a lease granted and revoked, how long a change takes to be told, entries that will stay when their process is gone or are left from an earlier life of it, keys that are no part of a registry, and keys that cannot be read. One line each: ok, warn, fail or skip; below it, what to do.',
    'It writes one key of its own under /leasehold/doctor and deletes it; with --read-only it writes nothing.',
    'Exit code 0 when nothing failed, else 1; with --strict a warning counts as a failure.',
  ],
  options: {
    'read-only': { type: 'boolean', help: 'skip what has to write: lease and watch' },
    probe: { type: 'boolean', help: 'also try to connect to every provider' },
    strict: { type: 'boolean', help: 'a warning makes the exit code 1' },
  },
  examples: [
    { line: 'leasehold doctor', what: 'is everything as it should be?' },
    { line: 'leasehold doctor --read-only --strict -o json', what: 'in a monitor' },
  ],
  operands: { min: 0, max: 0, name: '' },
  needsEtcd: true,
  async run(call) {
    const all: Advice[] = [];
    const tell = (advice: Advice): void => {
      all.push(advice);
      if (call.output.format === 'json') return;
      const { check, level, message, todo, details } = advice;
      const { terminal } = call;
      call.output.event(
        advice,
        [
          `${terminal.paint(styles[level], level.padEnd(4))}  ${check.padEnd(11)}  ${shown(message)}`,
          ...details.slice(0, detailsMax).map((detail) => `${' '.repeat(19)}${shown(detail)}`),
          ...(details.length > detailsMax
            ? [`${' '.repeat(19)}… and ${details.length - detailsMax} more; -o json has all`]
            : []),
          ...(todo === null ? [] : [`${' '.repeat(19)}${terminal.paint('bold', '→')} ${todo}`]),
        ].join('\n'),
      );
    };
    await examineCluster(call, tell, (client) => examineContent(call, tell, client));
    if (call.output.format === 'json') call.output.list(all, []);
    const bad = call.options.flag('strict') ? ['fail', 'warn'] : ['fail'];
    return all.some(({ level }) => bad.includes(level)) ? exitCodes.failed : exitCodes.ok;
  },
};

const detailsMax = 5;
