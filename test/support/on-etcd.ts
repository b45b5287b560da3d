/** Tests that need a real etcd: skipped and counted where there is none. */
import { describe, inject } from 'vitest';
import { etcdTag } from './found-etcd.js';

/** Like `describe`; its tests and hooks run only where there is an etcd. Start one with `startEtcd()`. */
export function describeOnEtcd(title: string, body: () => void): void {
  describe.skipIf(inject('etcd') === null)(title, { tags: [etcdTag] }, body);
}
