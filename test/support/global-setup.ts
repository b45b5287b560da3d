/** Runs once before all test files: finds or installs etcd and a browser, and says where they are. */
import type { TestProject } from 'vitest/node';
import { findChromium } from './chromium.js';
import { findEtcd, versionOf } from './etcd-binary.js';
import type {} from './found-etcd.js';

export default async function setup(project: TestProject): Promise<void> {
  // Tests that want a cache file name one; nothing is written to the home folder, by child processes either.
  process.env['LEASEHOLD_FILE'] ??= 'false';
  const binary = await findEtcd((line) => console.log(line));
  project.provide('etcd', binary ? { etcd: binary.etcd, version: await versionOf(binary) } : null);
  project.provide('chromium', (await findChromium((line) => console.log(line))) ?? null);
}
