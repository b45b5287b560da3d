import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type Inspector, startInspector } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { openFeed } from '../support/feed.js';

const provider = 'dubbo://scott:t1ger@10.0.0.1:20880/com.acme.Orders?version=1.0.0&token=t2ger';

describe('the offline inspector', () => {
  let etcd: MemoryEtcd;
  let registry: Registry;
  let inspector: Inspector;

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false&session=6000`);
    inspector = await startInspector(registry);
  });

  afterEach(async () => {
    await inspector.close();
    await registry.close();
    await etcd.stop();
  });

  /** Asks with headers of one's own; `fetch` would set Host and Origin by itself. */
  function ask(path: string, headers: Record<string, string> = {}): Promise<{ code: number; text: string }> {
    const { hostname, port } = new URL(inspector.url);
    return new Promise((resolve, reject) => {
      const asked = request({ host: hostname, port, path, headers }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => {
          text += part.toString();
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  test('serves the page, and all that it is made of, to who knows the address', async () => {
    const { pathname } = new URL(inspector.url);
    const page = await ask(pathname);
    expect(page.code).toBe(200);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part);
    expect(parts).toEqual(expect.arrayContaining(['main.js', 'page.css', 'icon.svg']));
    for (const part of [...parts, 'charts.json', 'chart.js']) {
      expect(await ask(pathname + part)).toMatchObject({ code: 200 });
    }
  });

  test('tells nothing to who does not know the address, to foreign pages and to foreign names [SEE-3]', async () => {
    const { pathname, host, port } = new URL(inspector.url);
    const other = pathname.replace(/.\/$/, (end) => (end === 'A/' ? 'B/' : 'A/'));
    for (const path of ['/', '/feed', other, `${other}feed`, pathname.slice(0, -2), '//', '/%00/']) {
      expect(await ask(path)).toMatchObject({ code: 403 });
    }
    for (const headers of [
      { host: `evil.example:${port}` },
      { host: `127.0.0.1.evil.example:${port}` },
      { host: '127.0.0.1' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${port}` },
    ]) {
      expect(await ask(`${pathname}charts.json`, headers)).toMatchObject({ code: 403 });
    }
    expect(await ask(`${pathname}charts.json`, { host: `localhost:${port}` })).toMatchObject({ code: 200 });
    expect(await ask(`${pathname}charts.json`, { origin: `http://${host}` })).toMatchObject({ code: 200 });
  });

  test('serves no other file', async () => {
    const { pathname } = new URL(inspector.url);
    const paths = [
      '../inspector.js',
      '..%2finspector.js',
      'tsconfig.json/',
      '.hidden',
      'main.ts',
      'missing.js',
      'actors/x:999999',
    ];
    for (const path of paths) {
      expect(await ask(pathname + path), path).toMatchObject({ code: 404 });
    }
  });

  test('cannot be reached from another machine', async () => {
    await expect(startInspector(registry, { host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(startInspector(registry, { host: 'example.org' })).rejects.toThrow(
      'can be reached from other',
    );
    expect(new URL(inspector.url).hostname).toBe('127.0.0.1');
  });

  test('rejects when its port is taken', async () => {
    const port = Number(new URL(inspector.url).port);
    await expect(startInspector(registry, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('shows no secret, in the feed and in the details [SEE-3]', async () => {
    const feed = await openFeed(inspector.url);
    await registry.register(provider);
    await registry.subscribe(provider.replace('dubbo:', 'consumer:'), () => {});
    await etcd.crash();
    await eventually(() =>
      expect(feed.rows().find(({ name }) => name === 'connection')?.tags).toEqual(['down']),
    );
    const details: string[] = [];
    for (const { id } of feed.rows()) {
      details.push((await ask(`${new URL(inspector.url).pathname}actors/${id}`)).text);
    }
    feed.close();
    const all = feed.text() + details.join();
    expect(all).toContain('scott');
    expect(all).not.toMatch(/t1ger|t2ger/);
  });

  test('tells a page that comes late all that there is, and what happened lately', async () => {
    await registry.register(provider);
    await etcd.crash();
    await etcd.restart();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
    const feed = await openFeed(inspector.url);
    await eventually(() => expect(feed.entries().map(({ to }) => to)).toContain('disconnected'));
    expect(feed.rows().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['registry', 'connection', 'lease', 'watchers']),
    );
    expect(feed.summaries()).toMatchObject([{ state: 'running', registrations: { total: 1 } }]);
    feed.close();
  });

  test('tells a page at most four times a second, however much happens [SEE-3]', async () => {
    const feed = await openFeed(inspector.url);
    await eventually(() => expect(feed.rows()).not.toEqual([]));
    for (let count = 0; count < 60; count += 1) {
      await registry.register(`dubbo://10.0.0.1:${20_000 + count}/com.acme.Orders`);
    }
    await eventually(() => expect(feed.summaries()).toMatchObject([{ registrations: { total: 60 } }]));
    const times = feed.times('summaries');
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(0);
    // They leave 250 ms apart; on the way one may be delayed, so that the next comes closer.
    expect(Math.min(...pauses)).toBeGreaterThan(150);
    feed.close();
  });

  test('goes on when the registry is closed, and says so', async () => {
    const feed = await openFeed(inspector.url);
    await registry.close();
    await eventually(() => expect(feed.rows().find(({ name }) => name === 'registry')?.status).toBe('done'));
    feed.close();
  });

  test('ends its pages when it is closed, which may be done twice', async () => {
    const feed = await openFeed(inspector.url);
    await inspector.close();
    await feed.ended;
    await inspector.close();
    await expect(ask('/')).rejects.toThrow('ECONNREFUSED');
  });

  test('lets the process end though nobody closed it', async () => {
    const program = `
      import { createRegistry } from './src/index.js';
      import { startInspector } from './src/inspect/index.js';
      const registry = await createRegistry(${JSON.stringify(`etcd3://${etcd.endpoint}?file=false`)});
      await startInspector(registry);
      await registry.close();
    `;
    const run = promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      program,
    ]);
    expect((await run).stderr).toBe('');
  });
});
