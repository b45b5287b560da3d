/** Finds the programs that the tests need, and installs those that are missing where that is possible. */
import { findChromium } from '../test/support/chromium.js';
import { findEtcd } from '../test/support/etcd-binary.js';

const print = (line: string): void => console.log(line);
const etcd = await findEtcd(print);
const chromium = await findChromium(print);
console.log(
  `etcd: ${etcd?.etcd ?? 'none'}, etcdctl: ${etcd?.etcdctl ?? 'none'}, chromium: ${chromium ?? 'none'}`,
);
