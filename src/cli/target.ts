/** Which etcd a command talks to, as whom: options first, then leasehold's own variables, then etcdctl's. */
import { readFileSync } from 'node:fs';
import type { RegistryOptions } from '../options.js';
import type { Call } from './command.js';
import { durationMs } from './duration.js';
import { UsageError } from './usage-error.js';

/** Leasehold's variables for what etcdctl's name too; where one is set, the library reads it and etcdctl's yields. */
const ownVariables = {
  endpoints: ['LEASEHOLD_ADDRESS', 'DUBBO_REGISTRY_ADDRESS'],
  user: ['LEASEHOLD_USERNAME', 'DUBBO_REGISTRY_USERNAME'],
} as const;

/** Options for `createRegistry` and `createEtcdClient`. Asks for a password if there is a user without one and a person. */
export async function targetOf(call: Call): Promise<RegistryOptions> {
  const { options, host } = call;
  const env = (name: string): string | undefined => host.env[name] || undefined;
  const isOwn = (names: readonly string[]): boolean => names.some((name) => env(name) !== undefined);
  const endpoints =
    options.text('endpoints') ?? (isOwn(ownVariables.endpoints) ? undefined : env('ETCDCTL_ENDPOINTS'));
  const group = options.text('root');
  const timeoutMs = options.ms('timeout') ?? variableMs(env('ETCDCTL_DIAL_TIMEOUT'), 'ETCDCTL_DIAL_TIMEOUT');
  const user = options.text('user') ?? (isOwn(ownVariables.user) ? undefined : env('ETCDCTL_USER'));
  const tls = tlsOf({
    ca: options.text('cacert') ?? env('ETCDCTL_CACERT'),
    cert: options.text('cert') ?? env('ETCDCTL_CERT'),
    key: options.text('key') ?? env('ETCDCTL_KEY'),
  });
  return {
    // A command leaves nothing on this machine.
    file: false,
    signal: call.ending.signal,
    ...(endpoints === undefined ? {} : { address: endpoints }),
    ...(group === undefined ? {} : { group }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(user === undefined ? {} : await credentialsOf(call, user)),
    ...(tls === undefined ? {} : { tls }),
  };
}

async function credentialsOf(
  call: Call,
  user: string,
): Promise<{ readonly username: string; readonly password: string }> {
  const { options, host, terminal, ending } = call;
  const colon = user.indexOf(':');
  if (colon >= 0) return { username: user.slice(0, colon), password: user.slice(colon + 1) };
  const password = options.text('password') ?? host.env['ETCDCTL_PASSWORD'];
  if (password !== undefined) return { username: user, password };
  if (!terminal.canAsk) {
    throw new UsageError(
      `user ${JSON.stringify(user)} has no password`,
      'set ETCDCTL_PASSWORD, or give --user name:password',
    );
  }
  return { username: user, password: await terminal.askSecret(`Password of ${user}: `, ending.signal) };
}

type TlsFiles = Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>;

function tlsOf({ ca, cert, key }: TlsFiles): NonNullable<RegistryOptions['tls']> | undefined {
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--cert and --key go together', 'the variables are ETCDCTL_CERT and ETCDCTL_KEY');
  }
  return {
    ...(ca === undefined ? {} : { ca: readPem(ca, '--cacert') }),
    ...(cert === undefined ? {} : { cert: readPem(cert, '--cert') }),
    ...(key === undefined ? {} : { key: readPem(key, '--key') }),
  };
}

function readPem(path: string, option: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${JSON.stringify(path)}: ${(error as Error).message}`);
  }
}

function variableMs(text: string | undefined, name: string): number | undefined {
  return text === undefined ? undefined : durationMs(text, name);
}
