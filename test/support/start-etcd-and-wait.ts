/** Starts an etcd, prints where it is, and waits to be killed. Run by real-etcd.test.ts. */
import { startEtcd } from './real-etcd.js';

const etcd = await startEtcd();
console.log(JSON.stringify({ pid: etcd.pid, folder: etcd.folder }));
setInterval(() => {}, 60_000);
