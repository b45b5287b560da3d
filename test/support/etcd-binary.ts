/**
 * Where the etcd that tests run on comes from: ETCD_BIN, then PATH, then, as root on Debian, the package
 * `etcd-server`. The global set-up calls {@link findEtcd} once; everything else asks {@link locateEtcd}.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

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
  print(`installing ${packages.join(' and ')} with apt-get (once; may take a minute) …`);
  try {
    await installPackages(packages);
  } catch (error) {
    print(`could not install ${packages.join(' and ')}: ${reasonOf(error)}`);
  }
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

/** The first program of this name on PATH. */
export function onPath(name: string, env: Environment = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && onPath('apt-get') !== undefined;
}

/**
 * The policy file keeps Debian from starting the service after unpacking: the tests start their own servers, and
 * one on etcd's usual port would be a stranger. A policy that is there already is left alone.
 */
const installScript = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod +x "$policy"
fi
apt-get update -qq || echo 'apt-get update failed; trying the package lists of last time' >&2
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
`;

async function installPackages(packages: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const running = promisify(execFile)('sh', ['-c', installScript, 'install', ...packages], {
    env,
    timeout: 300_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  running.child.stdin?.end();
  await running;
}

function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return stderr === '' ? String(error) : (stderr.split('\n').at(-1) ?? '');
}
