import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  getProperty,
  loadSettings,
  parseProperties,
  resolveSettings,
  withPlaceholders,
} from '../src/config.js';

const address = 'dubbo.registry.address';

test('takes options before the environment before the file before the default', () => {
  const file = { [address]: 'file-host:1' };
  const environment = { DUBBO_REGISTRY_ADDRESS: 'environment-host:1' };
  const options = { address: 'option-host:1' };
  const resolved = (layers: Parameters<typeof resolveSettings>[0]): string => {
    const { url, origins } = resolveSettings(layers);
    return `${origins.address} ${url.toString()}`;
  };
  expect(resolved({ options, environment, file })).toBe('options etcd3://option-host:1');
  expect(resolved({ environment, file })).toBe('environment etcd3://environment-host:1');
  expect(resolved({ options: { address: ' ' }, environment: { LEASEHOLD_ADDRESS: '' }, file })).toBe(
    'file etcd3://file-host:1',
  );
  expect(resolved({})).toBe('default etcd3://127.0.0.1:2379');
  expect(resolved({ environment: { LEASEHOLD_ADDRESS: 'own:1', ...environment } })).toBe(
    'environment etcd3://own:1',
  );
});

test('puts every setting into the URL and says where it came from', () => {
  const { url, origins } = resolveSettings({
    options: { session: 15_000, check: false },
    environment: {
      LEASEHOLD_RETRY_PERIOD: '100',
      DUBBO_REGISTRY_USERNAME: 'u',
      DUBBO_REGISTRY_PASSWORD: 'p',
    },
    file: {
      'dubbo.application.name': 'shop',
      [address]: 'etcd3://h:1?timeout=7&group=g',
      'dubbo.registry.group': 'x',
    },
  });
  expect(url.toFullString()).toBe(
    'etcd3://u:p@h:1?application=shop&check=false&group=g&retry.period=100&session=15000&timeout=7',
  );
  expect(origins).toEqual({
    address: 'file',
    username: 'environment',
    password: 'environment',
    group: 'address',
    session: 'options',
    timeout: 'address',
    check: 'options',
    'retry.period': 'environment',
    application: 'file',
  });
});

test('lets a stronger layer correct what the address says', () => {
  const environment = { DUBBO_REGISTRY_ADDRESS: 'etcd3://h:1?session=1&group=a' };
  const { url } = resolveSettings({
    options: { session: 2 },
    environment,
    file: { 'dubbo.registry.group': 'b' },
  });
  expect(url.toFullString()).toBe('etcd3://h:1?group=a&session=2');
});

test('refuses settings that name no etcd', () => {
  expect(() => resolveSettings({ options: { address: '0.0.0.0' } })).toThrow(/stands for every host/);
});

test('replaces placeholders once, from the sources and then from the file itself', () => {
  const file = { a: '$b-${ c }-${missing}-$', b: 'B${c}', c: 'C' };
  expect(withPlaceholders(file, { c: 'outer' })['a']).toBe('B${c}-outer--$');
});

test('takes an empty value for a value, and trims it', () => {
  expect(getProperty([{ k: '' }, { k: 'v' }], 'k')).toBe('');
  expect(getProperty([{ k: undefined }, { k: ' v\u00a0 ' }], 'k')).toBe('v\u00a0');
  expect(getProperty([{}], 'toString')).toBeUndefined();
  expect(parseProperties('__proto__=x')['__proto__']).toBe('x');
});

test('reads the file the environment names, as Latin-1, with its placeholders', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leasehold-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'my.properties');
  writeFileSync(path, 'dubbo.registry.address=${HOST}:4\ndubbo.application.name=caf\xe9', 'latin1');
  const { url } = loadSettings({}, { LEASEHOLD_PROPERTIES_FILE: path, HOST: 'h' });
  expect(url.toFullString()).toBe('etcd3://h:4?application=café');
});

test('does without a file unless one is named', () => {
  expect(loadSettings({ address: 'h' }, {}).url.toString()).toBe('etcd3://h:2379');
  expect(() => loadSettings({}, { DUBBO_PROPERTIES_FILE: '/no/such.properties' })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('ENOENT') }),
  );
});
