/** What the command makes of its arguments: what it understands, and what it says about what it does not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { optionsOf } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands.js';
import { durationMs, shownAge } from '../../src/cli/duration.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { command } from '../support/command-run.js';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

describe('a command line that is wrong', () => {
  test.each([
    [['lss'], 'there is no command "lss"', 'did you mean ls?'],
    [['regsiter'], 'there is no command "regsiter"', 'did you mean register?'],
    [['frobnicate'], 'there is no command "frobnicate"', 'leasehold --help lists them'],
    [['ls', '--endpoint', 'x'], 'there is no option --endpoint', 'did you mean --endpoints?'],
    [['ls', '--drain', '5s'], 'there is no option --drain', undefined],
    [['ls', '-x'], 'there is no option -x', undefined],
    [['ls', '--endpoints'], '--endpoints needs a value: --endpoints <list>', undefined],
    [['ls', '--endpoints', '--root', 'x'], '--endpoints needs a value: --endpoints <list>', undefined],
    [['ls', '--quiet=yes'], '--quiet takes no value', undefined],
    [['ls', '-o', 'jsn'], '-o is one of text, table, json, ndjson, not "jsn"', 'did you mean json?'],
    [['ls', 'a', 'b'], 'leasehold ls has no use for "b"', 'leasehold help ls shows how it is used'],
    [['get'], 'leasehold get needs a service', 'leasehold help get shows how it is used'],
    [['ls', '--', 'sh'], 'leasehold ls runs no program behind --', 'leasehold help ls shows how it is used'],
    [
      ['register', 'dubbo://h:1/a', '--'],
      'there is no program behind --',
      'leasehold help register shows how it is used',
    ],
    [['ls', '--timeout', '5'], '--timeout takes a duration such as 5s, 500ms or 1m30s, not "5"', undefined],
    [['dev', '--port', '70000'], '--port takes a number from 0 to 65535, not "70000"', undefined],
    [['watch', '-o', 'json'], 'a watch has no end, so it cannot be one JSON text', 'use -o ndjson'],
    [['ls', '--cert', 'x'], '--cert and --key go together', 'the variables are ETCDCTL_CERT and ETCDCTL_KEY'],
    [['help', 'gte'], 'there is no command "gte"', 'did you mean get?'],
  ])('%j is told off, with exit code 2', async (args, message, hint) => {
    const { code, out, err } = await command(args);
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: '' });
    expect(err).toBe(`leasehold: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
  });

  test('a URL that could not be held is refused before anything is opened', async () => {
    const { code, err } = await command(['register', 'override://0.0.0.0/a.B?dynamic=false']);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain('nothing could hold it');
  });

  test('a user without password is refused where nobody can be asked', async () => {
    const { code, err } = await command(['ls', '--user', 'me']);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain('set ETCDCTL_PASSWORD');
  });

  test('control characters in what is repeated do not reach the terminal', async () => {
    const { err } = await command(['\u001b[2Jls'], { isTTY: true });
    expect(err).toContain('\\u001b[2Jls');
    expect(err).not.toContain('\u001b[2J');
  });
});

describe('help', () => {
  test('without a command it is on stderr, with exit code 2', async () => {
    const { code, out, err } = await command([]);
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: '' });
    expect(err).toContain('Usage: leasehold <command>');
  });

  test('is the same with --help and with help', async () => {
    expect(await command(['--help'])).toEqual(await command(['help']));
    expect(await command(['get', '--help'])).toEqual(await command(['help', 'get']));
    expect(await command(['get', '-h', '--raw'])).toEqual(await command(['help', 'get']));
  });

  // UPDATE=1 writes it anew; read the difference.
  test('reads as test/cli/help.txt has it, in lines of 100 at most', async () => {
    const topics = [[], ['exit-codes'], ...commands.map(({ name }) => [name])];
    const texts = await Promise.all(
      topics.map(async (topic) => {
        const { code, out, err } = await command(['help', ...topic]);
        expect({ code, err }).toEqual({ code: 0, err: '' });
        return `$ ${['leasehold help', ...topic].join(' ')}\n${out}`;
      }),
    );
    const file = new URL('help.txt', import.meta.url);
    const text = texts.join('\n');
    if (process.env['UPDATE'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
    // Examples are what a person types, on one line.
    const long = text.split('\n').filter((line) => line.length > 100 && !line.startsWith('  leasehold '));
    expect(long).toEqual([]);
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      readonly version: string;
    };
    expect((await command(['--version'])).out).toBe(`${version}\n`);
  });
});

describe('docs/cli.md', () => {
  test('has the exit codes that the code has', () => {
    const documented = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(documented).toEqual(Object.values(exitCodes));
  });

  test('explains every command with its own options, and no other', () => {
    const sections = page.split(/^### `leasehold /m).slice(1);
    expect(new Set(sections.map((section) => /^[a-z]+/.exec(section)?.[0]))).toEqual(
      new Set(commands.map(({ name }) => name)),
    );
    for (const { name, options } of commands) {
      const section = sections.find((each) => each.startsWith(name)) ?? '';
      const named = [...section.matchAll(/`--([a-z-]+)/g)].map(([, option]) => option);
      expect(new Set(named), name).toEqual(new Set(Object.keys(options)));
    }
  });

  test('names every common option', () => {
    const command = commands.find(({ name }) => name === 'ls');
    const own = Object.keys(command?.options ?? {});
    for (const name of Object.keys(optionsOf(command))) {
      if (!own.includes(name)) expect(page).toContain(`\`--${name}`);
    }
  });
});

describe('durations', () => {
  test('are read as etcdctl reads them', () => {
    expect(['5s', '500ms', '1m30s', '1.5s', '2h'].map((text) => durationMs(text, 'x'))).toEqual([
      5_000, 500, 90_000, 1_500, 7_200_000,
    ]);
    for (const text of ['5', '', 's', '0s', '-1s', '5 s', '1d', '5s!']) {
      expect(() => durationMs(text, 'x'), text).toThrow('takes a duration');
    }
  });

  test('are shown in one unit', () => {
    const seconds = [-3, 0, 119, 120, 7_199, 7_200, 172_799, 172_800];
    expect(seconds.map((count) => shownAge(count * 1_000))).toEqual([
      '0s',
      '0s',
      '119s',
      '2m',
      '119m',
      '2h',
      '47h',
      '2d',
    ]);
  });
});
