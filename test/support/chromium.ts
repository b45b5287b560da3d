/**
 * The browser that the inspector's page is tried in: CHROMIUM_BIN, then PATH, then, where CI asks for it and it can be
 * installed, Debian's package.
 */
import { resolve } from 'node:path';
import { isEtcdRequired as isRequired } from './closing-lines.js';
import { canInstall, installPackages, isExecutable, onPath } from './programs.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The browser this machine already has. CHROMIUM_BIN is a path to it, or `none` for "as if there were none". */
export function locateChromium(env: Environment = process.env): string | undefined {
  const chosen = env['CHROMIUM_BIN'];
  if (chosen === 'none') return undefined;
  if (chosen) {
    const chromium = resolve(chosen);
    if (!isExecutable(chromium)) throw new Error(`CHROMIUM_BIN '${chosen}' is not an executable file`);
    return chromium;
  }
  return onPath('chromium', env) ?? onPath('chromium-browser', env) ?? onPath('google-chrome', env);
}

/** {@link locateChromium}; where CI requires a browser and there is none, installs it. */
export async function findChromium(print: (line: string) => void): Promise<string | undefined> {
  const found = locateChromium();
  if (found !== undefined || process.env['CHROMIUM_BIN'] || !isRequired(process.env) || !canInstall())
    return found;
  await installPackages(['chromium'], print);
  return locateChromium();
}
