/** Tests that need a browser: skipped and counted where there is none, failed where CI requires one. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { describe, inject } from 'vitest';
import { isEtcdRequired as isRequired } from './closing-lines.js';

/** Like `describe`; its tests and hooks run only where there is a browser. */
export function describeInBrowser(title: string, body: () => void): void {
  describe.skipIf(inject('chromium') === null && !isRequired(process.env))(title, body);
}

export function startBrowser(): Promise<Browser> {
  const executablePath = inject('chromium');
  if (executablePath === null) throw new Error('no chromium: set CHROMIUM_BIN or install chromium');
  // Its sandbox needs more than a container grants; the page is our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** What went wrong in the page: thrown errors, refused resources, and requests to anywhere else. */
export function troublesOf(page: Page, home: string): readonly string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(home)) troubles.push(`request to ${request.url()}`);
  });
  return troubles;
}
