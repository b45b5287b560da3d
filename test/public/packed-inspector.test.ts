/** The inspector as its users get it: from the packed package, in a project of their own. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../tidy/sources.js';

const run = promisify(execFile);

describe('the packed package', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leasehold-packed-'));
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    const [packed = ''] = readdirSync(folder);
    await run('tar', ['-xzf', packed], { cwd: folder });
    // Its dependencies are those that are installed here; nothing else of this repository is in reach.
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(join(root, 'node_modules')).filter((each) => !each.startsWith('.'))) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    }
    renameSync(join(folder, 'package'), join(folder, 'node_modules', 'leasehold'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('serves the page of the inspector, with all its parts', async () => {
    const program = `
      import { createRegistry } from 'leasehold';
      import { startInspector } from 'leasehold/inspect';
      import { startMemoryEtcd } from 'leasehold/testing';
      const etcd = await startMemoryEtcd();
      const registry = await createRegistry('etcd3://' + etcd.endpoint + '?file=false');
      const inspector = await startInspector(registry);
      for (const part of ['', 'page.css', 'icon.svg', 'charts.json', 'main.js', 'chart.js', 'store.js']) {
        const response = await fetch(inspector.url + part);
        console.log(response.status, response.headers.get('content-type'), (await response.text()).length > 100);
      }
      await inspector.close();
      await registry.close();
      await etcd.stop();
    `;
    writeFileSync(join(folder, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder, timeout: 30_000 });
    expect(stdout.trim().split('\n')).toEqual([
      '200 text/html; charset=utf-8 true',
      '200 text/css; charset=utf-8 true',
      '200 image/svg+xml true',
      '200 application/json true',
      ...Array.from({ length: 3 }, () => '200 text/javascript; charset=utf-8 true'),
    ]);
  });
});
