import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { connectControl } from './support/control-client.js';
import { describeOnEtcd } from './support/on-etcd.js';
import { startEtcd } from './support/real-etcd.js';

const root = new URL('../', import.meta.url);

test('the program of the README is examples/readme.ts', () => {
  expect(readmeProgram()).toBe(exampleRegion());
});

describeOnEtcd('the program of the README', () => {
  test('registers, is told of the provider, and exits leaving nothing behind', async () => {
    await using etcd = await startEtcd();
    const program = exampleRegion().replace('127.0.0.1:2379', new URL(etcd.endpoint).host);
    // It is plain JavaScript; run from the root, 'leasehold' is this package as it was built.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd: fileURLToPath(root), timeout: 20_000 },
    );
    expect(stdout).toContain('now provided by: dubbo://10.0.0.1:20880/com.acme.Orders?version=1.0.0');
    using control = connectControl(etcd.endpoint);
    expect((await control.list('/dubbo/')).filter(({ key }) => key.includes('dubbo%3A'))).toEqual([]);
    expect(await control.leases()).toEqual([]);
  });
});

function readmeProgram(): string {
  return /```ts\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? 'no program in the README';
}

function exampleRegion(): string {
  const region = /^\/\/ #region readme\n([\s\S]*?)^\/\/ #endregion readme$/m;
  return region.exec(read('examples/readme.ts'))?.[1] ?? 'no region in the example';
}

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}
