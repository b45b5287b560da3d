/**
 * Adds to package-lock.json the platform packages that npm left out of it. npm drops an optional package that
 * its registry does not serve, and `npm ci` then refuses the lock file on every machine. Run it after a change of
 * dependencies made behind such a registry; elsewhere it changes nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> };
const missing = Object.entries(lock.packages).flatMap(([folder, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isLocked(folder, name))
    .map(([name, version]) => ({ name, version, dev: dev === true })),
);
for (const { name, version, dev } of missing) {
  lock.packages[`node_modules/${name}`] = platformPackage(name, version, dev);
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
if (missing.length > 0) {
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
console.log(`${missing.length} platform packages added to package-lock.json`);

function isLocked(folder: string, name: string): boolean {
  return (
    lock.packages[`node_modules/${name}`] !== undefined || `${folder}/node_modules/${name}` in lock.packages
  );
}

/** What the lock file says of a package by its name alone, such as `@biomejs/cli-linux-x64-musl`. */
function platformPackage(name: string, version: string, dev: boolean): LockedPackage {
  const words = name.split(/[/-]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(
      `cannot lock '${name}' ${version}: its name does not tell the platform, or the version is open`,
    );
  }
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  const facts = { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(os === 'linux' ? { libc: [libc] } : {}) };
  return Object.assign(facts, { optional: true, os: [os] });
}
