/** The inspector's page in windows of different sizes: nothing is cut off, and names can be told apart. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type Inspector, startInspector } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { describeInBrowser, startBrowser } from '../support/in-browser.js';

describeInBrowser('the page of the inspector', () => {
  let browser: Browser;
  let etcd: MemoryEtcd;
  let registries: readonly Registry[];
  let inspector: Inspector;
  let page: Page;

  beforeAll(async () => {
    etcd = await startMemoryEtcd();
    const open = () => createRegistry(`etcd3://${etcd.endpoint}?file=false`);
    const [one, other] = [await open(), await open()];
    registries = [one, other];
    await one.register('dubbo://10.0.0.1:20880/com.acme.Orders');
    for (const service of ['Orders', 'warehouse.reservations.InventoryReservationService'])
      await other.subscribe(`consumer://10.0.0.9/com.acme.${service}`, () => {});
    inspector = await startInspector(registries);
    browser = await startBrowser();
    page = await browser.newPage();
  });

  afterAll(async () => {
    await browser.close();
    await inspector.close();
    for (const registry of registries) await registry.close();
    await etcd.stop();
  });

  test.each([
    [1440, 900],
    [900, 700],
    [600, 800],
  ])('cuts nothing off in a window of %i by %i', async (width, height) => {
    await page.setViewportSize({ width, height });
    await page.goto(inspector.url);
    await page.locator('.actor[data-name=watcher]').nth(1).waitFor();
    await page.locator('.actor[data-name=registry]').nth(1).click();
    await page.locator('#tabs b').waitFor();
    const cut = await page.locator('main > section').evaluateAll((sections) =>
      sections.flatMap((section) => {
        const around = section.getBoundingClientRect();
        const parts = '.bar > *, .bar button, .actor .name, .actor .dot';
        return [...section.querySelectorAll(parts)]
          .filter((each) => {
            const { left, right, width } = each.getBoundingClientRect();
            return left < around.left || right > around.right + 0.5 || width < 5;
          })
          .map((each) => each.textContent);
      }),
    );
    expect(cut).toEqual([]);
    expect(await page.locator('html').evaluate((html) => html.scrollWidth)).toBe(width);
    const lines = await page
      .locator('.kind, .bar output, #tabs button')
      .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
    // One line each.
    expect(Math.max(...lines)).toBeLessThan(34);
    const dots = await page
      .locator('.actor[data-name=watcher] .dot')
      .evaluateAll((all) => all.map((dot) => dot.getBoundingClientRect().left));
    expect(new Set(dots).size).toBe(1);
  });
});
