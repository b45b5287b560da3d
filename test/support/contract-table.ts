/** Reads the numbered contract out of ARCHITECTURE.md, and the promises that test titles name. */

export interface PromiseRow {
  readonly id: string;
  readonly proven: boolean;
}

/** The rows of the table `| id | promise | proven by |`, in order. Its last column says `not proven yet`, or where. */
export function contractRows(architecture: string): readonly PromiseRow[] {
  const [, table = ''] = architecture.split('| id | promise | proven by |');
  const rows = table.matchAll(/^\| (?<id>[A-Z]+-\d+) \| (?<promise>.+) \| (?<proof>[^|]+) \|$/gm);
  return [...rows].map(({ groups }) => ({
    id: groups?.['id'] ?? '',
    proven: groups?.['proof'] !== 'not proven yet',
  }));
}

/**
 * The ids that stand as `[REG-1]` in a string of a test file, which is where titles are. Comments do not count, and
 * neither does a test that is skipped or still to do: it proves nothing.
 */
export function promisesInTitles(testFile: string): ReadonlySet<string> {
  const lines = testFile
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line) && !/\.(skip|todo)\(/.test(line));
  const strings = lines.flatMap(
    (line) => line.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [],
  );
  return new Set(strings.flatMap((text) => [...text.matchAll(/\[([A-Z]+-\d+)\]/g)].map(([, id = '']) => id)));
}
