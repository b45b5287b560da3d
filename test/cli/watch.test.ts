import { expect, test } from 'vitest';
import { tellChanges } from '../../src/cli/commands/watch.js';
import type { Output } from '../../src/cli/output.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { ServiceUrl } from '../../src/index.js';

function told(added: readonly string[], removed: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const output = {
    format: 'text',
    event: (_value: object, line: string) => lines.push(line.split('\t').slice(1, -1).join(' ')),
  };
  tellChanges({ output: output as unknown as Output, terminal: {} as Terminal }, {
    service: 'a.B',
    category: 'providers',
    urls: [],
    added: added.map((text) => ServiceUrl.parse(text)),
    removed: removed.map((text) => ServiceUrl.parse(text)),
    stale: undefined,
    since: 0,
    epoch: 1,
    history: 0,
    revision: '7',
  } as never);
  return lines;
}

test('who came and who went have a line each', () => {
  expect(told(['dubbo://h:1/a.B'], ['dubbo://h:2/a.B'])).toEqual([
    '+ a.B providers dubbo://h:1/a.B',
    '- a.B providers dubbo://h:2/a.B',
  ]);
});

test('the same address with other parameters has changed', () => {
  expect(told(['dubbo://h:1/a.B?weight=2'], ['dubbo://h:1/a.B?weight=1'])).toEqual([
    '~ a.B providers dubbo://h:1/a.B?weight=2',
  ]);
});

test('another group or version at the same address is somebody else', () => {
  expect(told(['dubbo://h:1/a.B?group=x'], ['dubbo://h:1/a.B'])).toEqual([
    '+ a.B providers dubbo://h:1/a.B?group=x',
    '- a.B providers dubbo://h:1/a.B',
  ]);
});
