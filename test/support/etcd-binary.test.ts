import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locateEtcd, versionOf } from './etcd-binary.js';

describe('the etcd of this machine', () => {
  let both: string;
  let serverOnly: string;
  let neither: string;

  beforeAll(() => {
    [both, serverOnly, neither] = [folder(), folder(), folder()];
    for (const path of [join(both, 'etcd'), join(both, 'etcdctl'), join(serverOnly, 'etcd')]) {
      writeFileSync(path, '#!/bin/sh\necho "etcd Version: 9.8.7"\n');
      chmodSync(path, 0o755);
    }
    writeFileSync(join(neither, 'etcd'), 'not executable', { mode: 0o644 });
  });

  afterAll(() => {
    for (const path of [both, serverOnly, neither]) rmSync(path, { recursive: true });
  });

  test('is the first one on PATH that can be run, with the etcdctl beside it', () => {
    const path = [neither, both, serverOnly].join(delimiter);
    expect(locateEtcd({ PATH: path })).toEqual({ etcd: join(both, 'etcd'), etcdctl: join(both, 'etcdctl') });
  });

  test('is the one of ETCD_BIN before any on PATH, with an etcdctl from PATH if none is beside it', () => {
    const etcd = join(serverOnly, 'etcd');
    expect(locateEtcd({ ETCD_BIN: etcd, PATH: both })).toEqual({ etcd, etcdctl: join(both, 'etcdctl') });
    expect(locateEtcd({ ETCD_BIN: etcd, PATH: neither })).toEqual({ etcd });
  });

  test('is none where nothing is found, and none by ETCD_BIN=none', () => {
    expect(locateEtcd({ PATH: neither })).toBeUndefined();
    expect(locateEtcd({ ETCD_BIN: 'none', PATH: both })).toBeUndefined();
  });

  test('is an error when ETCD_BIN names what cannot be run', () => {
    const wrong = join(neither, 'etcd');
    expect(() => locateEtcd({ ETCD_BIN: wrong, PATH: both })).toThrow(`ETCD_BIN '${wrong}'`);
  });

  test('tells its version', async () => {
    expect(await versionOf({ etcd: join(both, 'etcd') })).toBe('9.8.7');
  });
});

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'leasehold-path-'));
}
