/** The place of a cache file, as AbstractRegistry of Dubbo 2.7.1 chooses it; what is in the file is in cache-text.ts. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isOff } from './config.js';
import type { ServiceUrl } from './url.js';

/**
 * Where a registry keeps its cache: its parameter `file`, or Dubbo's default; undefined where `file` or `file.cache`
 * switches it off.
 */
export function cachePathOf(registryUrl: ServiceUrl, home: string = homedir()): string | undefined {
  const { file } = registryUrl.parameters;
  if (!registryUrl.getBooleanParameter('file.cache', true)) return undefined;
  if (file !== undefined) return isOff(file) ? undefined : file;
  const application = registryUrl.getParameter('application', 'null');
  const name = `dubbo-registry-${application}-${registryUrl.address}.cache`;
  // Separators would leave the folder, and Windows has no colons in names (Dubbo 2.7.5 writes a hyphen as well).
  const safe = name.replace(process.platform === 'win32' ? /[\\/:*?"<>|]/g : /\//g, '-');
  return join(home, '.dubbo', safe);
}
