/** Takes the pictures of the offline inspector in docs/: one by day in an outage, one by night when all is well again. */
import { setTimeout as pause } from 'node:timers/promises';
import { createRegistry, type Registry } from 'leasehold';
import { startInspector } from 'leasehold/inspect';
import { startMemoryEtcd } from 'leasehold/testing';
import { chromium, type Page } from 'playwright-core';
import { locateChromium } from '../test/support/chromium.js';

const etcd = await startMemoryEtcd();
const open = (): Promise<Registry> => createRegistry(`etcd3://${etcd.endpoint}?file=false&session=15000`);
const [shop, billing] = [await open(), await open()];
await shop.register('dubbo://scott:tiger@10.0.0.1:20880/com.acme.Orders?version=1.0.0');
await shop.register('dubbo://10.0.0.1:20880/com.acme.Baskets?version=1.0.0&accessToken=s3same');
await billing.register('dubbo://10.0.0.2:20880/com.acme.Orders?version=1.0.0');
const gateway = await open();
for (const service of ['Orders', 'Baskets', 'Invoices'])
  await gateway.subscribe(
    `consumer://10.0.0.9/com.acme.${service}?version=1.0.0&category=providers`,
    () => {},
  );
const inspector = await startInspector([shop, billing, gateway]);
const executablePath = locateChromium();
if (executablePath === undefined) throw new Error('no chromium: set CHROMIUM_BIN or install chromium');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

async function pageIn(colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
  await page.goto(inspector.url);
  await page.locator('.actor').nth(5).waitFor();
  return page;
}

function actor(page: Page, name: string, registry: number): Promise<void> {
  return page.locator(`.actor[data-name=${name}]`).nth(registry).click();
}

async function shoot(page: Page, name: string): Promise<void> {
  // The statechart glides to where the machine is.
  await pause(600);
  await page.screenshot({ path: new URL(`../docs/inspector-${name}.png`, import.meta.url).pathname });
}

const [day, night] = [await pageIn('light'), await pageIn('dark')];
await pause(500);
await etcd.crash();
await shop.register('dubbo://10.0.0.1:20881/com.acme.Returns?version=1.0.0&check=false');
await day.locator('[data-tab=registrations]').click();
await pause(2_500);
await shoot(day, 'light');
await etcd.restart();
await night.locator('.registry').nth(2).getByText('connected', { exact: true }).waitFor();
await actor(night, 'watcher', 0);
await night.locator('[data-tab=subscriptions]').click();
await pause(1_000);
await shoot(night, 'dark');

await browser.close();
await inspector.close();
await Promise.all([shop, billing, gateway].map((registry) => registry.close()));
await etcd.stop();
