/** The in-memory etcd through the eyes of a real etcdctl. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { onPath } from '../support/programs.js';

const installed = onPath('etcdctl') !== undefined;
if (!installed) console.warn('SKIPPED: there is no etcdctl on the PATH to talk to the in-memory etcd');

let etcd: MemoryEtcd;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
});
afterEach(() => etcd.stop());

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ETCDCTL_API: '3',
  ETCDCTL_ENDPOINTS: etcd.endpoint,
});

/** Runs etcdctl; answers the lines it prints to both outputs. */
async function etcdctl(...args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)('etcdctl', args, { env: environment() }).catch(
    (failed: { stdout: string; stderr: string }) => failed,
  );
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

/** Starts etcdctl and reads its lines as they come. */
function etcdctlLines(...args: readonly string[]): {
  next: () => Promise<string>;
  end: () => Promise<void>;
  say: (text: string) => void;
} {
  const child = spawn('etcdctl', args, { env: environment() });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    next: async () => (await lines.next()).value ?? '',
    say: (text) => child.stdin.end(text),
    end: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe.skipIf(!installed)('etcdctl', () => {
  test('puts, gets by prefix and deletes', async () => {
    expect(await etcdctl('put', '/a/1', 'one')).toEqual(['OK']);
    await etcdctl('put', '/a/2', 'two');
    expect(await etcdctl('get', '--prefix', '/a/')).toEqual(['/a/1', 'one', '/a/2', 'two']);
    expect(await etcdctl('get', '--prefix', '/a/', '--rev=2')).toEqual(['/a/1', 'one']);
    expect(await etcdctl('del', '--prefix', '/a/', '--prev-kv')).toEqual(['2', '/a/1', 'one', '/a/2', 'two']);
    expect(await etcdctl('get', '--prefix', '/')).toEqual([]);
  });

  test('runs a transaction', async () => {
    await etcdctl('put', '/a', 'one');
    const txn = etcdctlLines('txn');
    txn.say('value("/a") = "one"\n\nput /b two\nget /a\n\nget /none\n\n');
    const said = [
      await txn.next(),
      await txn.next(),
      await txn.next(),
      await txn.next(),
      await txn.next(),
      await txn.next(),
    ];
    await txn.end();
    expect(said).toEqual(['SUCCESS', '', 'OK', '', '/a', 'one']);
    expect(etcd.keys('/b')).toMatchObject([{ value: 'two' }]);
  });

  test('watches from a revision and goes on with what is new', async () => {
    await etcdctl('put', '/a', 'one');
    const watch = etcdctlLines('watch', '/a', '--rev=2');
    expect([await watch.next(), await watch.next(), await watch.next()]).toEqual(['PUT', '/a', 'one']);
    await etcdctl('del', '/a');
    expect([await watch.next(), await watch.next()]).toEqual(['DELETE', '/a']);
    await watch.end();
  });

  test('grants, keeps alive, inspects and revokes a lease', async () => {
    const [granted] = await etcdctl('lease', 'grant', '30');
    const id = /^lease ([0-9a-f]{16}) granted with TTL\(30s\)$/.exec(granted ?? '')?.[1] ?? '';
    await etcdctl('put', '/leased', 'v', `--lease=${id}`);
    expect(await etcdctl('lease', 'keep-alive', '--once', id)).toEqual([
      `lease ${id} keepalived with TTL(30)`,
    ]);
    expect(await etcdctl('lease', 'timetolive', '--keys', id)).toEqual([
      expect.stringMatching(/granted with TTL\(30s\), remaining\((29|30)s\), attached keys\(\[\/leased\]\)$/),
    ]);
    expect(await etcdctl('lease', 'list')).toEqual(['found 1 leases', id]);
    expect(await etcdctl('lease', 'revoke', id)).toEqual([`lease ${id} revoked`]);
    expect(await etcdctl('lease', 'timetolive', id)).toEqual([`lease ${id} already expired`]);
    expect(etcd.keys()).toEqual([]);
  });

  test('compacts, and is told so when it asks for what is gone', async () => {
    await etcdctl('put', '/a', '1');
    await etcdctl('put', '/a', '2');
    expect(await etcdctl('compact', '3')).toEqual(['compacted revision 3']);
    expect((await etcdctl('get', '/a', '--rev=2')).at(-1)).toBe(
      'Error: etcdserver: mvcc: required revision has been compacted',
    );
    expect((await etcdctl('watch', '/a', '--rev=2')).at(0)).toBe(
      'watch was canceled (etcdserver: mvcc: required revision has been compacted)',
    );
  });

  test('finds the endpoint healthy, leading, and without space when told so', async () => {
    expect(await etcdctl('endpoint', 'health')).toEqual([
      expect.stringContaining(`${etcd.endpoint} is healthy`),
    ]);
    expect(await etcdctl('endpoint', 'status')).toEqual([
      expect.stringMatching(
        new RegExp(`^${etcd.endpoint}, 8e9e05c52164694d, 3.4.23, 25 kB, true, false, 2, 1, 1,`),
      ),
    ]);
    etcd.setNoSpace(true);
    expect(await etcdctl('alarm', 'list')).toEqual(['memberID:10276657743932975437 alarm:NOSPACE ']);
    expect((await etcdctl('put', '/a', '1')).at(-1)).toBe('Error: etcdserver: mvcc: database space exceeded');
    await etcdctl('alarm', 'disarm');
    expect(await etcdctl('put', '/a', '1')).toEqual(['OK']);
  });
});
