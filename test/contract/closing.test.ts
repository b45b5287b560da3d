/** A process that closes its registry ends by itself, whatever has happened to etcd; and leaves no key of ours behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EtcdUnderTest, memoryEtcdUnderTest, realEtcdUnderTest } from '../support/etcd-under-test.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';

const program = fileURLToPath(new URL('../support/closing-process.ts', import.meta.url));
const exitMsMax = 5_000;

function closings(start: () => Promise<EtcdUnderTest>): void {
  let etcd: EtcdUnderTest;
  let child: ChildProcess;
  let output = '';

  beforeEach(async () => {
    etcd = await start();
    output = '';
    child = spawn(process.execPath, ['--import', 'tsx', program, etcd.endpoint], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
    });
    await eventually(() => expect(output).toContain('ready'));
  });

  afterEach(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await etcd.stop();
  });

  /** Tells the process to close, and expects it to end by itself in time. */
  async function closesAndEnds(): Promise<void> {
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(exitMsMax) });
    child.stdin?.write('close\n');
    const [code] = await exited;
    expect(output).toContain('closed');
    expect(code).toBe(0);
  }

  async function ourKeys(): Promise<readonly string[]> {
    const entries = await etcd.control.list('/');
    return entries.filter(({ lease }) => lease !== '0').map(({ key }) => key);
  }

  test('ends after close while etcd is well, with its keys gone at once [LIFE-1]', async () => {
    expect(await ourKeys()).toHaveLength(4);
    await closesAndEnds();
    expect(await ourKeys()).toEqual([]);
    expect(await etcd.control.leases()).toEqual([]);
  });

  test('ends after close while etcd is down [LIFE-1]', async () => {
    await etcd.kill();
    await closesAndEnds();
  });

  test('ends after close right after etcd came back, with its keys gone [LIFE-1]', async () => {
    await etcd.kill();
    await etcd.restart();
    await closesAndEnds();
    expect(await ourKeys()).toEqual([]);
  });

  test('ends after close right after etcd was wiped, with no key left [LIFE-1]', async () => {
    await etcd.kill();
    etcd.wipe();
    await etcd.restart();
    await closesAndEnds();
    expect(await ourKeys()).toEqual([]);
  });

  test('ends after close while etcd is frozen, and its keys go with the lease [LIFE-1]', async () => {
    await etcd.freeze();
    await closesAndEnds();
    etcd.thaw();
    await eventually(async () => expect(await ourKeys()).toEqual([]));
  });

  test('ends after close while it is cut off and history is compacted and changed [LIFE-1]', async () => {
    etcd.proxy.stopAccepting();
    etcd.proxy.resetAll();
    await etcd.control.put('/dubbo/com.acme.Orders/providers/x', '1');
    await etcd.control.compact(await etcd.control.put('/elsewhere', '1'));
    await closesAndEnds();
    await eventually(async () => expect(await ourKeys()).toEqual([]));
  });
}

describe('closing on the in-memory etcd', () => closings(memoryEtcdUnderTest));
describeOnEtcd('closing on a real etcd', () => closings(realEtcdUnderTest));
