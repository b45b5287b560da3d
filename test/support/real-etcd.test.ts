import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlClient, connectControl } from './control-client.js';
import { describeOnEtcd } from './on-etcd.js';
import { onPath } from './programs.js';
import { type RealEtcd, startEtcd } from './real-etcd.js';

describeOnEtcd('an etcd of a test', () => {
  let etcd: RealEtcd;
  let control: ControlClient;

  beforeAll(async () => {
    etcd = await startEtcd();
    control = connectControl(etcd.endpoint);
  });

  afterAll(async () => {
    control.close();
    await etcd.stop();
  });

  test('keeps its data through SIGKILL and SIGTERM, on the same endpoint', async () => {
    await control.put('/kept/a', '1');
    await etcd.kill();
    expect(etcd.pid).toBeUndefined();
    await etcd.restart();
    expect((await control.get('/kept/a'))?.value).toBe('1');
    await etcd.terminate();
    expect(etcd.pid).toBeUndefined();
    await etcd.restart();
    expect((await control.get('/kept/a'))?.value).toBe('1');
  });

  test('begins a new history after a wipe, which is refused while it runs', async () => {
    await control.put('/wiped', '1');
    expect(() => etcd.wipe()).toThrow('kill() it first');
    await etcd.kill();
    etcd.wipe();
    await etcd.restart();
    expect(await control.list('')).toEqual([]);
    expect(await control.revision()).toBe('1');
  });

  test('answers nobody once it is frozen, and goes on where it was', async () => {
    await control.put('/frozen', 'before');
    for (let round = 0; round < 10; round++) {
      await etcd.freeze();
      const asked = control.get('/frozen');
      const first = await Promise.race([asked, new Promise((tick) => setTimeout(tick, 30, 'silence'))]);
      etcd.thaw();
      expect(first).toBe('silence');
      expect((await asked)?.value).toBe('before');
    }
  });

  test('forgets the history below a compaction', async () => {
    await control.put('/compacted', '1');
    const head = await control.put('/compacted', '2');
    await etcd.compact(head);
    await expect(etcd.etcdctl('get', '/compacted', `--rev=${Number(head) - 1}`)).rejects.toThrow('compacted');
    expect(await etcd.etcdctl('get', '/compacted', '--print-value-only')).toBe('2');
  });

  test('leaves neither process nor folder behind when it is stopped', async () => {
    const other = await startEtcd();
    const { pid = Number.NaN, folder } = other;
    expect(existsSync(folder) && isAlive(pid)).toBe(true);
    await other.stop();
    await other.stop();
    expect(existsSync(folder) || isAlive(pid)).toBe(false);
  });

  test.for(deadlySignals)('dies with the process that started it, by %s', async (signal) => {
    const starter = fileURLToPath(new URL('./start-etcd-and-wait.ts', import.meta.url));
    const args = ['--import', 'tsx', starter];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
    expect(isAlive(pid)).toBe(true);
    parent.kill(signal);
    await once(parent, 'exit');
    await expect.poll(() => isAlive(pid)).toBe(false);
    // After SIGKILL nobody is left who could delete the folder.
    expect(existsSync(folder)).toBe(signal === 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
});

/** SIGKILL leaves no time for a hook; only setpriv, hence Linux, can answer it. */
const deadlySignals: readonly NodeJS.Signals[] = onPath('setpriv') ? ['SIGTERM', 'SIGKILL'] : ['SIGTERM'];

/** A zombie is dead: where nobody reaps orphans, it still answers signal 0. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !readFileSync(stat, 'utf8').includes(') Z ');
}
