/** What a command is: its words for the help, its options, and what it does. */
import type { Ending } from './ending.js';
import type { ExitCode } from './exit-codes.js';
import type { Host } from './host.js';
import type { OptionSpecs, Options } from './options.js';
import { formats, type Output } from './output.js';
import type { Terminal } from './terminal.js';

/** One call of a command. */
export interface Call {
  readonly options: Options;
  readonly operands: readonly string[];
  /** The program behind `--` and its arguments; empty without. */
  readonly program: readonly string[];
  readonly host: Host;
  readonly terminal: Terminal;
  readonly output: Output;
  readonly ending: Ending;
}

export interface Command {
  readonly name: string;
  readonly group: 'Look' | 'Act' | 'Check' | 'Try';
  /** For the list of commands. */
  readonly summary: string;
  /** What stands behind `leasehold <name>`; one for each form. */
  readonly usage: readonly string[];
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly options: OptionSpecs;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  readonly operands: { readonly min: number; readonly max: number; readonly name: string };
  /** Whether `-- program` may follow. */
  readonly takesProgram?: boolean;
  /** Whether it talks to an etcd, and so takes the options that say to which. */
  readonly needsEtcd: boolean;
  run(call: Call): Promise<ExitCode>;
}

/** For every command. */
export const commonOptions: OptionSpecs = {
  output: {
    type: 'string',
    short: 'o',
    value: 'format',
    choices: formats,
    help: 'table (on a terminal), text (to a pipe: tabs, no header), json, or ndjson (one object a line)',
  },
  quiet: { type: 'boolean', short: 'q', help: 'nothing on stderr but errors' },
  'no-color': { type: 'boolean', help: 'no colours; NO_COLOR does the same' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

/** For every command that talks to an etcd. */
export const etcdOptions: OptionSpecs = {
  endpoints: {
    type: 'string',
    value: 'list',
    help: 'host:port,…; https:// for TLS. Else LEASEHOLD_ADDRESS, ETCDCTL_ENDPOINTS, dubbo.properties, 127.0.0.1:2379',
  },
  root: { type: 'string', value: 'name', help: 'the root of all keys (Dubbo: group); default dubbo' },
  user: {
    type: 'string',
    value: 'name[:password]',
    help: 'asks for the password if it is not given. Else ETCDCTL_USER',
  },
  password: {
    type: 'string',
    value: 'text',
    help: 'better given as ETCDCTL_PASSWORD, which others cannot see',
  },
  cacert: {
    type: 'string',
    value: 'file',
    help: "the authority of etcd's certificate, PEM. Else ETCDCTL_CACERT",
  },
  cert: { type: 'string', value: 'file', help: 'our certificate, PEM. Else ETCDCTL_CERT' },
  key: { type: 'string', value: 'file', help: 'its key, PEM. Else ETCDCTL_KEY' },
  timeout: {
    type: 'string',
    value: 'duration',
    help: 'how long to wait for etcd, as in 5s. Else ETCDCTL_DIAL_TIMEOUT; default 5s',
  },
};

/** All that this command understands. */
export function optionsOf(command: Command | undefined): OptionSpecs {
  return {
    ...command?.options,
    ...(command === undefined || command.needsEtcd ? etcdOptions : {}),
    ...commonOptions,
    ...(command === undefined ? { version: { type: 'boolean', help: 'the version of leasehold' } } : {}),
  };
}
