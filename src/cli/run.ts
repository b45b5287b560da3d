/** One run of the command, from its arguments to its exit code. Never throws. */
import { createRequire } from 'node:module';
import { isRegistryError, type RegistryErrorCode } from '../errors.js';
import { type Call, type Command, optionsOf } from './command.js';
import { commands } from './commands.js';
import { Ending } from './ending.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { commandHelp, exitCodesHelp, overview } from './help.js';
import type { Host } from './host.js';
import { firstOperand, parseOptions } from './options.js';
import { type Format, Output } from './output.js';
import { shown } from './shown.js';
import { Terminal } from './terminal.js';
import { closest, UsageError } from './usage-error.js';

export async function run(args: readonly string[], host: Host): Promise<ExitCode> {
  const ending = new Ending(host);
  // Before the options are understood there is nobody who asked for quiet.
  const dashes = args.indexOf('--');
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const terminal = new Terminal(host, {
    isQuiet: own.includes('-q') || own.includes('--quiet'),
    hasColour: !own.includes('--no-color'),
    gone: () => ending.end('outputClosed'),
  });
  try {
    const code = await dispatch(args, host, terminal, ending);
    await terminal.flush();
    return ending.signal.aborted && code === exitCodes.ok ? endedCode(ending, code) : code;
  } catch (error) {
    return ending.code ?? report(error, terminal);
  } finally {
    ending.close();
  }
}

/** A command that has run to its end is done, whoever ended it; but not if nobody got to read it. */
function endedCode(ending: Ending, code: ExitCode): ExitCode {
  return ending.code === exitCodes.outputClosed ? exitCodes.outputClosed : code;
}

async function dispatch(
  args: readonly string[],
  host: Host,
  terminal: Terminal,
  ending: Ending,
): Promise<ExitCode> {
  const name = firstOperand(args, optionsOf(undefined));
  if (name === undefined) return withoutCommand(args, terminal);
  if (name === 'help') return help(args, terminal);
  const command = commandNamed(name);
  const { options, operands, behindDashes } = parseOptions(args, optionsOf(command));
  if (options.flag('help')) {
    terminal.print(commandHelp(command));
    return exitCodes.ok;
  }
  const call: Call = {
    options,
    operands: operands.slice(1),
    program: behindDashes ?? [],
    host,
    terminal,
    output: new Output(terminal, options.text('output') as Format | undefined),
    ending,
  };
  requireOperands(command, call, behindDashes !== undefined);
  return command.run(call);
}

function withoutCommand(args: readonly string[], terminal: Terminal): ExitCode {
  const { options } = parseOptions(args, optionsOf(undefined));
  if (options.flag('version')) return version(terminal);
  if (options.flag('help')) {
    terminal.print(overview(commands));
    return exitCodes.ok;
  }
  terminal.complain(overview(commands));
  return exitCodes.usage;
}

function version(terminal: Terminal): ExitCode {
  const read = createRequire(import.meta.url);
  const { version: text } = read('leasehold/package.json') as { readonly version: string };
  terminal.print(text);
  return exitCodes.ok;
}

function help(args: readonly string[], terminal: Terminal): ExitCode {
  const { operands } = parseOptions(args, optionsOf(undefined));
  const [, topic] = operands;
  if (topic === undefined || topic === 'help') terminal.print(overview(commands));
  else if (topic === 'exit-codes') terminal.print(exitCodesHelp());
  else terminal.print(commandHelp(commandNamed(topic)));
  return exitCodes.ok;
}

function commandNamed(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const near = closest(name, [...commands.map((each) => each.name), 'help']);
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}`,
    near === undefined ? 'leasehold --help lists them' : `did you mean ${near}?`,
  );
}

function requireOperands(command: Command, { operands, program }: Call, hasDashes: boolean): void {
  const { min, max, name } = command.operands;
  const hint = `leasehold help ${command.name} shows how it is used`;
  if (operands.length < min) throw new UsageError(`leasehold ${command.name} needs a ${name}`, hint);
  if (operands.length > max) {
    throw new UsageError(`leasehold ${command.name} has no use for ${JSON.stringify(operands[max])}`, hint);
  }
  if (hasDashes && command.takesProgram !== true)
    throw new UsageError(`leasehold ${command.name} runs no program behind --`, hint);
  if (hasDashes && program.length === 0) throw new UsageError('there is no program behind --', hint);
}

const codesOfErrors: Readonly<Partial<Record<RegistryErrorCode, ExitCode>>> = {
  INVALID_URL: exitCodes.usage,
  INVALID_OPTION: exitCodes.usage,
  INVALID_ADDRESS: exitCodes.usage,
  UNREACHABLE: exitCodes.unreachable,
  TIMEOUT: exitCodes.unreachable,
  UNAUTHENTICATED: exitCodes.denied,
  PERMISSION_DENIED: exitCodes.denied,
};

function report(error: unknown, terminal: Terminal): ExitCode {
  const label = terminal.paintNote('red', 'leasehold:');
  if (error instanceof UsageError) {
    terminal.complain(`${label} ${shown(error.message)}`);
    if (error.hint !== undefined) terminal.complain(`  ${shown(error.hint)}`);
    return exitCodes.usage;
  }
  if (isRegistryError(error)) {
    terminal.complain(`${label} ${shown(error.message)}`);
    return codesOfErrors[error.code] ?? exitCodes.failed;
  }
  terminal.complain(`${label} ${shown(error instanceof Error ? error.message : String(error))}`);
  return exitCodes.failed;
}
