/** The project's own TypeScript files, as the tidy tests look at them: their words, and what they import from where. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../../', import.meta.url));

export interface Import {
  /** A file of the project as a path from its root, or the name of a package. */
  readonly from: string;
  /** What is used at run time; types are erased. `*` for all of it. */
  readonly values: readonly string[];
  readonly line: number;
}

export interface Source {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the insides of strings blanked out, line by line the same. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const comment = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*`;
const string = String.raw`(['"])(?:\\.|(?!\1)[^\\\n])*\1|\x60(?:\\.|[^\\\x60])*\x60`;
const regex = String.raw`(?<=[(,=:!?&|[]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`;
const silent = new RegExp(`${comment}|${string}|${regex}`, 'g');

const rooms = ['machines', 'src', 'test', 'scripts', 'examples', 'bench'];

export const sources: readonly Source[] = rooms
  .filter((room) => existsSync(join(root, room)))
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
  )
  .filter((path) => path.endsWith('.ts') && !path.startsWith(join('test', 'vendor')))
  .map((path) => read(path.replaceAll('\\', '/')))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

/** The sources whose path begins so. */
export function under(...prefixes: readonly string[]): readonly Source[] {
  return sources.filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)));
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, code: codeOf(text), imports: importsOf(path, text) };
}

function codeOf(text: string): string {
  return text.replace(silent, (match) => match.replace(/[^\n]/g, ' '));
}

function importsOf(path: string, text: string): readonly Import[] {
  const clauses =
    /^(?:import|export)\s(?:(type)\s)?(?:([^'";]*?)\sfrom\s)?'([^']+)'|\bimport\((?:'([^']+)')\)/gm;
  return [...text.matchAll(clauses)].map((match) => {
    const [, isType, names = '*', named = '', dynamic = ''] = match;
    const specifier = named + dynamic;
    return {
      from: specifier.startsWith('.') ? resolved(path, specifier) : specifier,
      values: isType === 'type' ? [] : valuesOf(names),
      line: text.slice(0, match.index).split('\n').length,
    };
  });
}

function valuesOf(names: string): readonly string[] {
  const list = /\{([\s\S]*)\}/.exec(names)?.[1];
  if (list === undefined) return ['*'];
  const values = list.split(',').map((name) => name.trim());
  return values
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => name.replace(/ as .*/, ''));
}

function resolved(path: string, specifier: string): string {
  const target = normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts');
  return relative('.', target).replaceAll('\\', '/');
}
