/** Which etcd a command talks to, from options and from the variables of leasehold and etcdctl. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Call, optionsOf } from '../../src/cli/command.js';
import { parseOptions } from '../../src/cli/options.js';
import { targetOf } from '../../src/cli/target.js';
import type { RegistryOptions } from '../../src/index.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leasehold-target-'));
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, `${name}.pem`), name);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function target(args: string, env: Readonly<Record<string, string>> = {}): Promise<RegistryOptions> {
  const { options } = parseOptions(args.split(' ').filter(Boolean), optionsOf(undefined));
  const ending = { signal: new AbortController().signal };
  const call = { options, host: { env }, terminal: { canAsk: false }, ending } as unknown as Call;
  const { signal: _signal, file, ...found } = await targetOf(call);
  expect(file).toBe(false);
  return found;
}

test('nothing said leaves all to the library', async () => {
  expect(await target('')).toEqual({});
});

test('the variables of etcdctl are understood', async () => {
  const env = {
    ETCDCTL_ENDPOINTS: 'https://a:2379,https://b:2379',
    ETCDCTL_USER: 'me:pass:word',
    ETCDCTL_CACERT: join(folder, 'ca.pem'),
    ETCDCTL_CERT: join(folder, 'cert.pem'),
    ETCDCTL_KEY: join(folder, 'key.pem'),
    ETCDCTL_DIAL_TIMEOUT: '1m30s',
  };
  expect(await target('', env)).toEqual({
    address: 'https://a:2379,https://b:2379',
    username: 'me',
    password: 'pass:word',
    tls: { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key') },
    timeoutMs: 90_000,
  });
});

test('options come before variables', async () => {
  const env = {
    ETCDCTL_ENDPOINTS: 'a:1',
    ETCDCTL_USER: 'me',
    ETCDCTL_PASSWORD: 'x',
    ETCDCTL_DIAL_TIMEOUT: '9s',
  };
  const given = '--endpoints b:2 --user you --password y --timeout 1s --root other';
  expect(await target(given, env)).toEqual({
    address: 'b:2',
    username: 'you',
    password: 'y',
    timeoutMs: 1_000,
    group: 'other',
  });
});

test.each(['LEASEHOLD_ADDRESS', 'DUBBO_REGISTRY_ADDRESS'])(
  '%s comes before ETCDCTL_ENDPOINTS',
  async (name) => {
    // The library reads its own variables; that no address is given means that it may.
    expect(await target('', { ETCDCTL_ENDPOINTS: 'a:1', [name]: 'b:2' })).toEqual({});
  },
);

test('a user of our own variables keeps etcdctl’s out', async () => {
  expect(await target('', { ETCDCTL_USER: 'me:x', LEASEHOLD_USERNAME: 'you' })).toEqual({});
});

test('a variable that is set and empty counts as not set', async () => {
  expect(await target('', { ETCDCTL_ENDPOINTS: '', ETCDCTL_USER: '', ETCDCTL_CACERT: '' })).toEqual({});
});

test('what cannot be used is said with its name, and no password', async () => {
  await expect(target('', { ETCDCTL_DIAL_TIMEOUT: 'soon' })).rejects.toThrow(/^ETCDCTL_DIAL_TIMEOUT takes a/);
  await expect(target('--cacert /no/such.pem')).rejects.toThrow('--cacert: cannot read "/no/such.pem"');
  await expect(target('', { ETCDCTL_CERT: join(folder, 'cert.pem') })).rejects.toThrow('go together');
  await expect(target('--user me')).rejects.toThrow('user "me" has no password');
});
