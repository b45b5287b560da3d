/** Programs that tests need: found on PATH, or, as root on Debian, installed as packages. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

type Environment = Readonly<Record<string, string | undefined>>;

/** The first program of this name on PATH. */
export function onPath(name: string, env: Environment = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function canInstall(): boolean {
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

/** Installs them, and prints that it does, since it takes time, and why it could not. */
export async function installPackages(
  packages: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  print(`installing ${packages.join(' and ')} with apt-get (once; may take a minute) …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const running = promisify(execFile)('sh', ['-c', installScript, 'install', ...packages], {
    env,
    timeout: 300_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  running.child.stdin?.end();
  try {
    await running;
  } catch (error) {
    print(`could not install ${packages.join(' and ')}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return stderr === '' ? String(error) : (stderr.split('\n').at(-1) ?? '');
}
