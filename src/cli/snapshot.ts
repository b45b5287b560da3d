/** The file between `export` and `import`. */
import { RegistryError } from '../errors.js';
import { ServiceUrl } from '../url.js';
import { UsageError } from './usage-error.js';

export const exportFormat = 'leasehold/1';

export interface ExportedEntry {
  readonly service: string;
  readonly category: string;
  readonly url: string;
  /** False for what stays in etcd when its process is gone. */
  readonly leased: boolean;
  /** The URL has a password, and it is not in the file. */
  readonly isPasswordHidden?: boolean;
}

/** The entries of an exported document, or of lines of entries. Anything else is a UsageError that says where. */
export function parseSnapshot(text: string): readonly ExportedEntry[] {
  const whole = parsed(text);
  if (whole === undefined) {
    const lines = text.split('\n');
    return lines.flatMap((line, at) => (line.trim() === '' ? [] : entryOf(parsed(line), `line ${at + 1}`)));
  }
  // One line alone is an entry, and a document has a format.
  if (typeof whole !== 'object' || whole === null || !('format' in whole)) return [entryOf(whole, 'line 1')];
  const { format, entries } = whole as { readonly format: unknown; readonly entries?: unknown };
  if (format !== exportFormat || !Array.isArray(entries)) {
    throw new UsageError(`the file's format is ${JSON.stringify(format)}, not "${exportFormat}"`);
  }
  return entries.map((entry, at) => entryOf(entry, `entry ${at + 1}`));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function entryOf(value: unknown, where: string): ExportedEntry {
  const { service, category, url, leased, isPasswordHidden } = (value ?? {}) as Record<string, unknown>;
  const isEntry =
    isText(service) &&
    isText(category) &&
    isText(url) &&
    typeof leased === 'boolean' &&
    !/[/,*]/.test(category);
  if (!isEntry) {
    throw new UsageError(`${where} is no exported entry`, 'it needs service, category, url and leased');
  }
  try {
    ServiceUrl.parse(url);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new UsageError(`${where}: ${error.message}`);
  }
  const hidden = isPasswordHidden === true ? { isPasswordHidden } : {};
  return { service, category, url, leased, ...hidden };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
