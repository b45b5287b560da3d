/** The words of `--help`, from the descriptions of the commands. */
import { type Command, commonOptions, etcdOptions } from './command.js';
import { type ExitName, exitCodes, exitMeanings } from './exit-codes.js';
import type { OptionSpecs } from './options.js';

const width = 100;

export function overview(commands: readonly Command[]): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  const nameWidth = Math.max(...commands.map(({ name }) => name.length), 'help'.length);
  const listed = groups.map((group) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(nameWidth)}  ${summary}`);
    return [`${group}:`, ...lines].join('\n');
  });
  return [
    'leasehold: look into an etcd service registry, hold registrations, find out what is wrong.',
    'Usage: leasehold <command> [options]',
    ...listed,
    `A first minute:\n${firstMinute}`,
    `Which etcd (for every command that talks to one):\n${optionLines(etcdOptions)}`,
    `For every command:\n${optionLines(commonOptions)}`,
    'leasehold help <command> explains a command by examples; leasehold help exit-codes, the exit codes.',
  ].join('\n\n');
}

const firstMinute = [
  '  leasehold dev                                                   # an etcd to play with',
  "  leasehold register 'dubbo://127.0.0.1:20880/com.acme.Orders'    # a provider, in a second terminal",
  '  leasehold ls                                                    # who is there, in a third',
  '  leasehold explain com.acme.Orders                               # why a consumer sees whom it sees',
].join('\n');

export function commandHelp(command: Command): string {
  const usage = command.usage.map((form) => `leasehold ${command.name} ${form}`.trimEnd());
  const own = optionLines(command.options);
  return [
    `leasehold ${command.name}: ${command.summary}`,
    `Usage: ${usage.join('\n       ')}`,
    ...command.description.map((paragraph) => wrapped(paragraph, 0)),
    ...(own === '' ? [] : [`Options:\n${own}`]),
    `Examples:\n${command.examples.map(({ line, what }) => `  # ${what}\n  ${line}`).join('\n')}`,
    command.needsEtcd
      ? 'Also the options that say which etcd, and those of every command: leasehold --help.'
      : 'Also the options of every command: leasehold --help.',
  ].join('\n\n');
}

export function exitCodesHelp(): string {
  const lines = Object.entries(exitCodes).map(
    ([name, code]) =>
      `  ${String(code).padStart(3)}  ${wrapped(exitMeanings[name as ExitName], 7).trimStart()}`,
  );
  return [
    'What leasehold tells scripts by its exit code:',
    lines.join('\n'),
    wrapped(
      'With a program behind --, leasehold register and leasehold dev end with the exit code of the program, or with 128 and the number of the signal that killed it.',
      0,
    ),
  ].join('\n\n');
}

function optionLines(specs: OptionSpecs): string {
  const left = Object.entries(specs).map(([name, { short, value }]) => {
    const letter = short === undefined ? '    ' : `-${short}, `;
    return `  ${letter}--${name}${value === undefined ? '' : ` <${value}>`}`;
  });
  const indent = Math.max(0, ...left.map((text) => text.length)) + 2;
  return Object.values(specs)
    .map(({ help }, at) => (left[at] ?? '').padEnd(indent) + wrapped(help, indent).trimStart())
    .join('\n');
}

/** The text in lines that fit, each indented. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each).join('\n');
}
