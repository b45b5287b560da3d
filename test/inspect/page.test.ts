/** The inspector's page in a real browser: what an engineer sees during an outage. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type Inspector, startInspector } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { describeInBrowser, startBrowser, troublesOf } from '../support/in-browser.js';

const service = 'com.acme.Orders';

describeInBrowser('the page of the inspector', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let troubles: readonly string[];
  let etcd: MemoryEtcd;
  let registry: Registry;
  let inspector: Inspector;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false&session=6000`);
    await registry.register(`dubbo://scott:t1ger@10.0.0.1:20880/${service}?version=1.0.0`);
    await registry.subscribe(`consumer://10.0.0.9/${service}?version=1.0.0`, () => {});
    inspector = await startInspector(registry);
    context = await browser.newContext({ viewport: { width: 1500, height: 940 }, colorScheme: 'light' });
    page = await context.newPage();
    troubles = troublesOf(page, inspector.url);
  });

  afterEach(async () => {
    await context.close();
    await inspector.close();
    await registry.close();
    await etcd.stop();
  });

  const actor = (name: string) => page.locator(`.actor[data-name=${name}]`).first();
  const lit = () =>
    page.locator('.box.active').evaluateAll((all) => all.map((box) => box.getAttribute('data-path')));
  const open = async (): Promise<void> => {
    await page.goto(inspector.url);
    await actor('connection').waitFor();
  };
  const see = (check: () => Promise<void>): Promise<void> => eventually(check);

  /** The states that the timeline tells, of what fits these words; only what fits the window is in the page. */
  async function told(words: string, states: readonly string[]): Promise<void> {
    await page.locator('#event-filter').fill(words);
    await see(async () =>
      expect(await page.locator('.entry .move b').allTextContents()).toEqual(
        expect.arrayContaining([...states]),
      ),
    );
  }

  test('shows all actors with their states, and lights the state of the one that is selected', async () => {
    await open();
    await see(async () =>
      expect(await actor('connection').locator('.state').textContent()).toBe('connected.certain'),
    );
    await see(async () => expect(await lit()).toEqual(['', 'connected', 'connected.certain']));
    await actor('lease').click();
    await see(async () =>
      expect(await lit()).toEqual(expect.arrayContaining(['alive', 'alive.renewal', 'alive.trust.certain'])),
    );
    await actor('watcher').click();
    await see(async () => expect(await lit()).toEqual(['', 'following', 'following.watching']));
    expect(await actor('watcher').locator('.name').textContent()).toBe(`${service}/providers`);
    expect(troubles).toEqual([]);
  });

  test('follows an outage: states, badges and timeline, and back again', async () => {
    await open();
    await etcd.crash();
    await see(async () => expect(await page.locator('.registry').textContent()).toContain('disconnected'));
    await see(async () => expect(await lit()).toContain('disconnected'));
    await page.locator('[data-tab=subscriptions]').click();
    await see(async () => expect(await page.locator('#panel .badge').allTextContents()).toContain('stale'));
    await registry.register(`dubbo://10.0.0.3:20880/${service}?version=1.0.0&check=false`);
    await page.locator('[data-tab=registrations]').click();
    await see(async () =>
      expect(await page.locator('#panel .badge').allTextContents()).toContain('not yet in etcd'),
    );
    await etcd.restart();
    await see(async () =>
      expect(await page.locator('#panel .badge').allTextContents()).toEqual(['in etcd', 'in etcd']),
    );
    await page.locator('[data-tab=subscriptions]').click();
    await see(async () => expect(await page.locator('#panel .badge').allTextContents()).toEqual(['live']));
    await told('connection', ['disconnected', 'connecting', 'connected.certain']);
    await told('watcher', ['erroring.waiting', 'following.watching']);
    expect(await page.content()).not.toContain('t1ger');
    expect(troubles).toEqual([]);
  });

  test('shows what an actor knows, and keeps it up to date', async () => {
    await open();
    const epoch = page
      .locator('.field', { has: page.locator('.key', { hasText: /^epoch$/ }) })
      .locator('.number');
    await see(async () => expect(await epoch.textContent()).toBe('1'));
    await etcd.crash();
    await etcd.restart();
    await see(async () => expect(await epoch.textContent()).toBe('2'));
  });

  test('shows what an actor knows unfolded, and leaves it folded as one likes while it goes on', async () => {
    await open();
    await actor('registry').click();
    const part = page.locator('#panel details');
    // The whole, and what is in it.
    await see(async () => expect(await part.count()).toBeGreaterThan(3));
    const whole = part.first();
    expect(await whole.getAttribute('open')).toBe('');
    const inner = page.locator('#panel details details:has(> .field)').first();
    const path = await inner.getAttribute('data-path');
    const wasOpen = await inner.getAttribute('open');
    await inner.locator('> summary').click();
    const isOpen = () => page.locator(`#panel details[data-path="${path}"]`).getAttribute('open');
    expect(await isOpen()).not.toBe(wasOpen);
    await page.locator('#panel').evaluate((panel) => panel.firstElementChild?.setAttribute('data-old', ''));
    await registry.register(`dubbo://10.0.0.1:20880/com.acme.Later`);
    await see(async () => expect(await page.locator('#panel > [data-old]').count()).toBe(0));
    expect(await isOpen()).not.toBe(wasOpen);
  });

  test('filters the timeline by words, kinds and actor, and the actors by words', async () => {
    await open();
    await etcd.crash();
    await see(async () => expect(await page.locator('.entry').count()).toBeGreaterThan(3));
    await page.locator('#event-filter').fill('watcher erroring');
    await see(async () => {
      const who = await page.locator('.entry .who').allTextContents();
      expect(new Set(who)).toEqual(new Set(['watcher']));
    });
    await page.locator('#event-filter').fill('');
    await page.locator('.kind[data-kind=change]').click();
    await page.locator('.kind[data-kind=request]').click();
    await see(async () =>
      expect(await page.locator('.entry .who').allTextContents()).toContain('probeCluster'),
    );
    expect(await page.locator('.entry.change').count()).toBe(0);
    await page.locator('.kind[data-kind=change]').click();
    await page.locator('#only-selected').check();
    await see(async () =>
      expect(new Set(await page.locator('.entry .who').allTextContents())).toEqual(new Set(['connection'])),
    );
    await page.locator('#actor-filter').fill('orders');
    await see(async () => expect(await page.locator('.actor').count()).toBe(3));
  });

  test('knows everything when it is opened late, or again', async () => {
    await etcd.crash();
    await etcd.restart();
    await eventually(() => expect(registry.isAvailable()).toBe(true));
    for (const act of [open, () => page.reload()]) {
      await act();
      await told('connection link.broken', ['disconnected']);
      await see(async () =>
        expect(await actor('connection').locator('.state').textContent()).toBe('connected.certain'),
      );
      expect(await page.locator('.box').count()).toBe(8);
    }
  });

  test('says so when the program is gone', async () => {
    await open();
    await see(async () => expect(await page.locator('#feed').textContent()).toBe('live'));
    await inspector.close();
    await see(async () => expect(await page.locator('#feed').textContent()).toMatch(/^the program is gone/));
  });

  test('is light or dark as the system is, or as one likes', async () => {
    await open();
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.locator('#theme').click();
    expect(await ground()).toBe(light);
    await page.reload();
    expect(await ground()).toBe(light);
  });

  test('can be worked with the keyboard', async () => {
    await open();
    await actor('connection').click();
    await page.locator('#tree').focus();
    await page.keyboard.press('ArrowDown');
    await see(async () => expect(await actor('lease').getAttribute('aria-selected')).toBe('true'));
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    await see(async () => expect(await actor('followLink').count()).toBe(1));
  });

  test('is usable with 5,000 actors', async () => {
    await etcd.crash();
    for (let index = 0; index < 5_000; index += 1) {
      const url = `consumer://10.0.0.9/com.acme.Service${index}?category=providers`;
      registry.subscribe(url, () => {}).catch(() => {});
    }
    await open();
    const count = page.locator('#actor-count');
    await see(async () => expect(Number(await count.textContent())).toBeGreaterThan(5_000));
    expect(await page.locator('.actor').count()).toBeLessThan(100);
    await page.locator('#actor-filter').fill('service4321/');
    await see(async () => expect(await page.locator('.actor').count()).toBe(3));
    await actor('watcher').click();
    await see(async () => expect(await lit()).toEqual(['', 'listing', 'listing.waiting']));
    await page.locator('#actor-filter').fill('');
    await etcd.restart();
    await see(async () =>
      expect(await actor('connection').locator('.state').textContent()).toBe('connected.certain'),
    );
    expect(troubles).toEqual([]);
  });
});
