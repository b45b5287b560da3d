import { expect, test } from 'vitest';
import { type Source, sources, under } from './sources.js';

interface Ban {
  readonly word: RegExp;
  /** What to do instead. */
  readonly instead: string;
  readonly except?: RegExp;
}

/** Where a banned word stands, with what to write instead. Comments and strings are not looked at. */
function uses(
  files: readonly Source[],
  bans: readonly Ban[],
  lookAt: 'code' | 'text' = 'code',
): readonly string[] {
  return files.flatMap((file) =>
    bans
      .filter(({ except }) => except?.test(file.path) !== true)
      .flatMap(({ word, instead }) =>
        [...file[lookAt].matchAll(new RegExp(word, 'g'))].map(
          ({ index, 0: found }) =>
            `${file.path}:${file[lookAt].slice(0, index).split('\n').length} ${found}: ${instead}`,
        ),
      ),
  );
}

const host: readonly Ban[] = [
  {
    word: /\bDate\b|\bperformance\b/,
    instead: 'a machine has no clock; name a delay, or have the adapter measure',
  },
  {
    word: /\bMath\.random\b|\bcrypto\b/,
    instead: 'a machine has no dice; src/delays.ts draws, and input brings seeds',
  },
  {
    word: /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
    instead: 'name a delay and use `after`',
  },
  { word: /\bconsole\b/, instead: 'emit an event' },
  { word: /\b(?:process|Buffer|globalThis|fetch)\b/, instead: 'ask a port; the adapter has the host' },
  { word: /\basync\b|\bawait\b/, instead: 'ask a port, and react to its answer' },
];

test('machines/ has no clock, no dice and no host [S2] [S3]', () => {
  expect(uses(under('machines/'), host)).toEqual([]);
});

test('src/ leaves chance, output and the end of the process to others', () => {
  const bans: readonly Ban[] = [
    {
      word: /\bMath\.random\b/,
      instead: 'take it as an argument; src/world.ts has the default',
      except: /^src\/(?:world\.ts|testing\/etcd-server\/)/,
    },
    { word: /\bconsole\b/, instead: 'tell it as an event of the registry', except: /^src\/cli\// },
    {
      word: /\bprocess\.(?:exit|env|on)\b/,
      instead: 'that is for the program to decide; settings come through src/config.ts',
      except: /^src\/(?:cli\/|config\.ts|close-on-signals\.ts)/,
    },
    {
      word: /\bthrow new Error\b/,
      instead: 'throw a RegistryError, or a Failure in an adapter',
      except: /^src\/testing\//,
    },
  ];
  expect(uses(under('src/'), bans)).toEqual([]);
});

test('tests do not wait for real time to pass, where time is an argument', () => {
  // The simulation's host replaces the real clock and dice, so it has to name them; tests of timers need both.
  const isReal =
    /^test\/(?:(?:contract|support|faults|public|interop|defects)\/|simulation\/(?:virtual-clock|virtual-host|inspection)|notifier\.test)/;
  const bans: readonly Ban[] = [
    {
      word: /(?<![.\w])setTimeout\((?=[^)])|\bDate\.now\b|\bperformance\.now\b/,
      instead: 'move a virtual clock',
      except: isReal,
    },
    { word: /\bMath\.random\b/, instead: 'draw from a seed that is printed', except: isReal },
    { word: /\bvi\.mock\b/, instead: 'a fake is a port filled in' },
    { word: /\b(?:test|it|describe)\.only\b/, instead: 'run all of them' },
  ];
  expect(uses(under('test/'), bans)).toEqual([]);
});

test('test titles say what is, not what should be', () => {
  const bans = [
    { word: /\b(?:test|it)\(\s*['"`][^'"`\n]*\bshould\b/, instead: 'write a sentence in the present' },
  ];
  expect(uses(under('test/'), bans, 'text').filter((use) => !use.startsWith('test/tidy/'))).toEqual([]);
});

test('nothing is left to be fixed without an issue', () => {
  const bans = [
    { word: /\bFIX[M]E\b/, instead: 'fix it' },
    { word: /\bTOD[O]\b(?!\(#\d+\))/, instead: 'name the issue after it: (#n)' },
  ];
  expect(uses(sources, bans, 'text')).toEqual([]);
});
