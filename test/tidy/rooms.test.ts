import { expect, test } from 'vitest';
import * as machineRoom from '../../machines/index.js';
import { type Import, type Source, sources, under } from './sources.js';

/** The imports of these files that are not allowed, as `file:line imports what`. */
function offences(
  files: readonly Source[],
  isAllowed: (each: Import, file: Source) => boolean,
): readonly string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((each) => !isAllowed(each, file))
      .map(
        ({ line, from, values }) =>
          `${file.path}:${line} imports ${values.join(', ') || 'types'} from ${from}`,
      ),
  );
}

const isIn = (folder: string, { from }: Import): boolean => from.startsWith(folder);
const isPackage = ({ from }: Import): boolean =>
  !/^(?:machines|src|test|scripts|examples|bench)\//.test(from);

/** What is a machine, of all that machines/ exports: only src/compose.ts may have both these and adapters. */
const machineValues = Object.entries(machineRoom)
  .filter(([name, value]) => name === 'watcherHub' || (typeof value === 'object' && 'root' in value))
  .map(([name]) => name);

test('machines/ imports xstate and its neighbours, and nothing else [S1]', () => {
  expect(under('machines/').length).toBeGreaterThan(10);
  expect(offences(under('machines/'), (each) => each.from === 'xstate' || isIn('machines/', each))).toEqual(
    [],
  );
});

test('only src/testing and the composition make use of xstate at run time [S10] [S12]', () => {
  const others = under('src/').filter(
    ({ path }) => path !== 'src/compose.ts' && !path.startsWith('src/testing/'),
  );
  expect(offences(others, ({ from, values }) => !from.startsWith('xstate') || values.length === 0)).toEqual(
    [],
  );
});

test('adapters take ports, failures, revisions and types from machines/, and from src/ only each other [S10] [S11]', () => {
  const taken = ['port', 'failure', 'revision'].flatMap((file) => exportsOf(`machines/${file}.ts`));
  expect(taken).toContain('request');
  expect(
    offences(under('src/etcd/'), (each) =>
      isIn('machines/', each)
        ? each.values.every((name) => taken.includes(name))
        : isIn('src/etcd/', each) || isPackage(each),
    ),
  ).toEqual([]);
});

test('only src/compose.ts has both a machine and an adapter in its hands [S10]', () => {
  // src/world.ts names the real etcd as the default; the composition gets it from there.
  const others = under('src/').filter(
    ({ path }) => !['src/compose.ts', 'src/world.ts'].includes(path) && !path.startsWith('src/etcd/'),
  );
  expect(machineValues.length).toBeGreaterThanOrEqual(5);
  expect(
    offences(others, (each) => {
      const isMachine = isIn('machines/', each) && each.values.some((name) => machineValues.includes(name));
      return !isMachine && !(isIn('src/etcd/', each) && each.values.length > 0);
    }),
  ).toEqual([]);
});

test('etcd3 and gRPC are used by the adapters and by the in-memory etcd only', () => {
  const others = under('machines/', 'src/').filter(({ path }) => !/^src\/(?:etcd|testing)\//.test(path));
  expect(offences(others, ({ from }) => !/^(?:etcd3|@grpc\/)/.test(from))).toEqual([]);
});

test('nothing imports upward: not the front door, not what is built on it, not the tests', () => {
  const isUpward = (each: Import, { path }: Source): boolean => {
    if (isIn('test/', each)) return !/^(?:test|scripts|bench)\//.test(path);
    if (isIn('scripts/', each)) return !/^(?:scripts|test)\//.test(path);
    if (!path.startsWith('src/')) return false;
    const doors = ['src/testing/', 'src/inspect/', 'src/cli/'];
    const isPartOfDoor = each.from === 'src/index.ts' || doors.some((door) => isIn(door, each));
    return isPartOfDoor && !doors.some((door) => path.startsWith(door));
  };
  expect(offences(sources, (each, file) => !isUpward(each, file))).toEqual([]);
});

test('leasehold/testing stands on the machines and the names of states, not on the rest of src/', () => {
  expect(
    offences(
      under('src/testing/'),
      (each) => !isIn('src/', each) || isIn('src/testing/', each) || each.from === 'src/state-changes.ts',
    ),
  ).toEqual([]);
});

/** The names that a file itself exports. */
function exportsOf(path: string): readonly string[] {
  const file = sources.find((each) => each.path === path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  return [...file.text.matchAll(/^export (?:declare )?(?:abstract )?(?:const|function|class) (\w+)/gm)].map(
    ([, name = '']) => name,
  );
}
