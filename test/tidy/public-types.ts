/** Follows the types of a door through the emitted declarations, name by name, to see what they are made of. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './sources.js';

interface Module {
  /** The text of each declaration. */
  readonly declared: ReadonlyMap<string, string>;
  /** Names that come from elsewhere, or go on there. */
  readonly borrowed: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
  readonly exported: readonly string[];
}

const modules = new Map<string, Module>();

/** The foreign names that the door's exports are made of, each with the way that leads to it. */
export function foreignTypesIn(door: string, packages: RegExp): readonly string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const follow = (file: string, name: string, way: readonly string[]): void => {
    if (seen.has(`${file} ${name}`)) return;
    seen.add(`${file} ${name}`);
    const module = moduleOf(file);
    const source = module.borrowed.get(name);
    if (source !== undefined && packages.test(source.from))
      found.push([...way, `${source.from}: ${name}`].join(' → '));
    else if (source?.from.startsWith('.') === true) follow(fileOf(file, source.from), source.name, way);
    const declaration = module.declared.get(name);
    if (declaration === undefined) return;
    for (const [word] of declaration.matchAll(/\b[A-Za-z_]\w*\b/g)) follow(file, word, [...way, name]);
  };
  for (const name of moduleOf(door).exported) follow(door, name, []);
  return [...new Set(found)];
}

function fileOf(from: string, specifier: string): string {
  return join(dirname(from), specifier).replace(/\.js$/, '.d.ts');
}

function moduleOf(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const borrowed = new Map<string, { readonly from: string; readonly name: string }>();
  for (const [, names = '', from = ''] of text.matchAll(
    /^(?:import|export)[^'{]*\{([^}]*)\} from '([^']+)'/gm,
  )) {
    for (const each of names.split(',').map((name) => name.trim().replace(/^type /, ''))) {
      const [name = '', alias = name] = each.split(' as ');
      if (name !== '') borrowed.set(alias, { from, name });
    }
  }
  const declared = new Map<string, string>();
  for (const part of text.split(/^(?=(?:export |declare |interface |type |class |function |const ))/m)) {
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|let) (\w+)/.exec(
        part,
      )?.[1];
    if (name !== undefined) declared.set(name, `${declared.get(name) ?? ''}\n${part}`);
  }
  const lists = [...text.matchAll(/^export[^'{]*\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(','),
  );
  const exported = lists
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/.* as /, ''),
    )
    .filter((name) => name !== '');
  const module = { declared, borrowed, exported };
  modules.set(file, module);
  return module;
}
