/** `leasehold dev`: an etcd in the memory of this process, for trying things. */
import type { Call, Command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { ownProgramCode, Program } from '../program.js';

export const dev: Command = {
  name: 'dev',
  group: 'Try',
  summary: 'an etcd in memory, to try things with; gone when the command ends',
  usage: ['[--port <n>]', '[--port <n>] -- <program> [argument…]'],
  description: [
    'It speaks the protocol of etcd 3.4, so any client can use it; see the documentation of leasehold/testing for what it leaves out. It listens on 127.0.0.1 only, keeps nothing on disk, and needs no etcd.',
    'With a program behind --, the program gets LEASEHOLD_ADDRESS and ETCDCTL_ENDPOINTS in its environment, and the command ends with it.',
  ],
  options: {
    port: {
      type: 'string',
      value: 'n',
      help: 'the port; 0 for a free one. Default 2379, or 0 with a program',
    },
  },
  examples: [
    { line: 'leasehold dev', what: 'in one terminal; leasehold ls in another finds it' },
    { line: 'leasehold dev -- npm test', what: 'tests with an etcd of their own' },
  ],
  operands: { min: 0, max: 0, name: '' },
  takesProgram: true,
  needsEtcd: false,
  async run(call) {
    const { startMemoryEtcd } = await import('../../testing/memory-etcd.js');
    const port = call.options.count('port', 65_535) ?? (call.program.length > 0 ? 0 : 2379);
    const etcd = await startMemoryEtcd({ port });
    try {
      if (call.program.length > 0) return await runProgram(call, etcd.endpoint);
      call.output.event({ endpoint: etcd.endpoint }, `etcd in memory on ${etcd.endpoint}`);
      call.terminal.note(`use it with: export LEASEHOLD_ADDRESS=${etcd.endpoint}`);
      call.terminal.hint('Ctrl-C ends it, and forgets everything');
      await call.ending.asked;
      return exitCodes.ok;
    } finally {
      await etcd.stop();
    }
  },
};

async function runProgram(call: Call, endpoint: string): Promise<number> {
  const program = new Program(call, { LEASEHOLD_ADDRESS: endpoint, ETCDCTL_ENDPOINTS: endpoint });
  const release = call.ending.handle((signal) => program.forward(signal));
  try {
    return ownProgramCode(await program.ended);
  } finally {
    release();
  }
}
