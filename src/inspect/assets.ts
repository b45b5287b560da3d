/** The files of the page: what was written by hand lies in src/, what was compiled in dist/; a package has both. */
import { readFile } from 'node:fs/promises';

const here = import.meta.url;
const root = new URL(here.includes('/dist/src/inspect/') ? '../../../' : '../../', here);
const written = new URL('src/inspect/page/', root);
const compiled = new URL('dist/src/inspect/page/', root);

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
};

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

/** The file of that name; undefined when the page has none. */
export async function assetOf(path: string): Promise<Asset | undefined> {
  const [, name = '', ending = ''] =
    /^\/([a-z][a-z-]*\.([a-z]+))$/.exec(path === '/' ? '/index.html' : path) ?? [];
  const type = types[ending];
  if (type === undefined) return undefined;
  try {
    return { type, content: await readFile(new URL(name, ending === 'js' ? compiled : written)) };
  } catch {
    return undefined;
  }
}
