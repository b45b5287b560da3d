/** Faults 1-5 and 17-22: etcd itself dies, hangs, forgets, or is somebody else. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { keyOf, prefix, providerUrl } from './support/stage.js';
import { inject } from './support/strace.js';

describeOnEtcd('etcd itself', () => {
  fault('fault 1: killed and restarted with its data', {}, async (stage) => {
    const { leaseId } = stage.status().lease;
    const before = stage.told[0]?.views.length;
    await stage.etcd.kill();
    await stage.disconnected();
    expect(stage.told[0]?.views).toHaveLength(before ?? -1);
    await stage.etcd.restart();
    await stage.settled();
    expect(stage.status().lease).toMatchObject({ leaseId, generation: 1 });
    await stage.witness.caughtUp(stage.control);
    const puts = stage.witness.history.current.events.filter(({ key }) => key.startsWith(prefix));
    expect(puts).toHaveLength(3);
  });

  fault('fault 2: ended with SIGTERM and restarted', {}, async (stage) => {
    await stage.etcd.terminate();
    await stage.disconnected();
    await stage.etcd.restart();
    await stage.settled();
    expect(stage.events.filter((event) => event === 'disconnected')).toHaveLength(1);
  });

  fault('fault 3: frozen for less than the session, with writes under way', {}, async (stage) => {
    const late = `${providerUrl(50)}?check=false`;
    await stage.etcd.freeze();
    const writes = [
      stage.register(late).then(() => stage.unregister(late)),
      stage.unregister(providerUrl(1)),
    ];
    await pause(1_500);
    stage.etcd.thaw();
    await Promise.all(writes);
  });

  fault('fault 3: frozen for longer than the session, with writes under way', {}, async (stage) => {
    await stage.etcd.freeze();
    const writes = [stage.register(`${providerUrl(50)}?check=false`), stage.unregister(providerUrl(1))];
    await eventually(() => expect(stage.events).toContain('expired'));
    stage.etcd.thaw();
    await Promise.all(writes);
  });

  fault('fault 4: a disk that needs 150 ms for each sync', { needs: 'strace' }, async (stage) => {
    const release = await inject(stage.etcd.pid, 'fdatasync:delay_exit=150000');
    await eventually(async () => {
      const began = performance.now();
      await stage.control.put('/elsewhere', 'x');
      expect(performance.now() - began).toBeGreaterThan(140);
    });
    for (let host = 10; host < 20; host += 1) await stage.register(`${providerUrl(host)}?check=false`);
    await stage.unregister(providerUrl(1));
    await stage.settled();
    await release();
    expect(stage.events).not.toContain('expired');
  });

  fault('fault 5: a disk that fails', { needs: 'strace' }, async (stage) => {
    await inject(stage.etcd.pid, 'fdatasync:error=EIO');
    await stage.register(`${providerUrl(50)}?check=false`);
    await eventually(async () => {
      await stage.control.put('/elsewhere', 'x').catch(() => {});
      expect(stage.etcd.pid).toBeUndefined();
    });
    await stage.etcd.restart();
  });

  fault('fault 17: wiped, the revision goes back', {}, async (stage) => {
    await stage.foreign(100);
    await stage.wipe();
    await stage.settled();
    expect(stage.status().connection.history).toBe(1);
    expect(stage.told[0]?.views.filter(({ urls }) => urls.length === 0)).toEqual([]);
  });

  fault('fault 18: replaced, the revision already beyond ours', {}, async (stage) => {
    await stage.foreign(100);
    const before = Number(await stage.control.revision());
    await stage.cutOff();
    await stage.wipe();
    const stranger = await stage.foreign(101);
    for (let revision = 0; revision <= before + 10; revision += 1) await stage.control.put('/elsewhere', 'x');
    await stage.proxy.startAccepting();
    await stage.settled();
    expect(stage.told[0]?.last).toContain(stranger);
  });

  fault('fault 19: another cluster behind the address', {}, async (stage) => {
    await stage.moveToOtherCluster();
    await stage.foreign(102);
    await stage.settled();
    expect(stage.status().connection.history).toBe(1);
  });

  fault('fault 20: restored from a snapshot', {}, async (stage) => {
    const [kept, lost] = [await stage.foreign(103), providerUrl(60)];
    const [snapshot, data] = [join(stage.etcd.folder, 'snapshot'), join(stage.etcd.folder, 'data')];
    await stage.etcd.etcdctl('snapshot', 'save', snapshot);
    await stage.register(lost);
    await stage.control.delete(keyOf(kept));
    await stage.sees(stage.told[0], [...stage.desired]);
    await stage.witness.caughtUp(stage.control);
    await stage.etcd.kill();
    rmSync(data, { recursive: true });
    await stage.etcd.etcdctl('snapshot', 'restore', snapshot, `--data-dir=${data}`);
    stage.witness.startEpoch();
    await stage.etcd.restart();
    await stage.settled();
    expect(stage.told[0]?.last).toEqual(expect.arrayContaining([kept, lost]));
  });

  fault('fault 21: compacted while we were cut off', {}, async (stage) => {
    const [came, went] = [await stage.foreign(104), await stage.foreign(105)];
    await stage.sees(stage.told[0], [...stage.desired, came, went]);
    await stage.cutOff();
    await stage.control.delete(keyOf(went));
    await stage.compact();
    await stage.proxy.startAccepting();
    await stage.sees(stage.told[0], [...stage.desired, came]);
  });

  fault('fault 22: compacted every 100 ms while we catch up', {}, async (stage) => {
    await stage.crowd(1_000, 2_500);
    const storm = new AbortController();
    const raging = (async () => {
      for (let host = 200; !storm.signal.aborted; host += 1) {
        await stage.foreign(host);
        await stage.compact();
        await pause(100);
      }
    })();
    for (let round = 0; round < 5; round += 1) {
      await stage.cutOff();
      const told = stage.told[0]?.views.length ?? 0;
      await pause(300);
      await stage.proxy.startAccepting();
      await eventually(() => expect(stage.told[0]?.views.length).toBeGreaterThan(told));
    }
    storm.abort();
    await raging;
  });
});
