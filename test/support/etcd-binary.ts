/**
 * Where the etcd that tests run on comes from: ETCD_BIN, then PATH, then, as root on Debian, the package
 * `etcd-server`. The global set-up calls {@link findEtcd} once; everything else asks {@link locateEtcd}.
 */
import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { canInstall, installPackages, isExecutable, onPath } from './programs.js';

/** The programs of one etcd release. Plain data, so that it can be handed from the global set-up to test files. */
export interface EtcdBinary {
  readonly etcd: string;
  /** Absent when only the server is here; what needs it says so when it is called. */
  readonly etcdctl?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The etcd this machine already has. ETCD_BIN is a path to the server, or `none` for "as if there were none".
 *
 * @throws when ETCD_BIN names something that cannot be run: a typing error must not skip tests silently.
 */
export function locateEtcd(env: Environment = process.env): EtcdBinary | undefined {
  const chosen = env['ETCD_BIN'];
  if (chosen === 'none') return undefined;
  if (chosen) {
    const etcd = resolve(chosen);
    if (!isExecutable(etcd)) throw new Error(`ETCD_BIN '${chosen}' is not an executable file`);
    return withClient(etcd, env);
  }
  const etcd = onPath('etcd', env);
  return etcd === undefined ? undefined : withClient(etcd, env);
}

/** {@link locateEtcd}, and where that finds no etcd but may install one, installs it. Prints what takes time. */
export async function findEtcd(print: (line: string) => void): Promise<EtcdBinary | undefined> {
  const found = locateEtcd();
  if (process.env['ETCD_BIN'] || (found !== undefined && found.etcdctl !== undefined)) return found;
  const packages = found === undefined ? ['etcd-server', 'etcd-client'] : ['etcd-client'];
  if (!canInstall()) return found;
  await installPackages(packages, print);
  return locateEtcd();
}

/** The release, for example `3.4.23`. */
export async function versionOf(binary: EtcdBinary): Promise<string> {
  const { stdout } = await promisify(execFile)(binary.etcd, ['--version']);
  return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
}

function withClient(etcd: string, env: Environment): EtcdBinary {
  const beside = join(dirname(etcd), 'etcdctl');
  const etcdctl = isExecutable(beside) ? beside : onPath('etcdctl', env);
  return etcdctl === undefined ? { etcd } : { etcd, etcdctl };
}
