/** Faults 35-37, 42, 54, 55, 58 and 60: too much, too large, or nothing we can read. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { ActorProcess } from './support/actor.js';
import { fault } from './support/fault.js';
import { keyOf, prefix, providerUrl, service } from './support/stage.js';

/** A request has 2 s instead of 750 ms, as it has without options. */
const patient = { registry: { sessionMs: 30_000 } };

describeOnEtcd('limits', () => {
  fault('fault 35: one URL of many is too large for etcd', {}, async (stage) => {
    const large = `${providerUrl(76)}?note=${'x'.repeat(1_600_000)}`;
    const others = Array.from({ length: 127 }, (_, host) => providerUrl(5_000 + host));
    const outcomes = Promise.all(others.map((url) => stage.register(url)));
    await expect(stage.registry.register(large)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await outcomes;
  });

  fault('fault 36: 500 URLs at once, some of them twice', {}, async (stage) => {
    const urls = Array.from({ length: 500 }, (_, host) => providerUrl(5_000 + host));
    await Promise.all([...urls, ...urls.slice(0, 50)].map((url) => stage.register(url)));
    expect(stage.status().registrations.filter(({ attempts }) => attempts > 0)).toEqual([]);
  });

  const small = { flags: ['--quota-backend-bytes=4194304'] };
  fault('fault 37: the storage quota is used up', small, async (stage) => {
    const failures = async (): Promise<void> => {
      for (let page = 0; ; page += 1) await stage.control.put(`/filler/${page}`, 'x'.repeat(500_000));
    };
    await expect(failures()).rejects.toThrow(/space exceeded/);
    const late = `${providerUrl(77)}?check=false`;
    await stage.register(late);
    await eventually(() =>
      expect(stage.status().registrations.find(({ key }) => key === keyOf(late))?.lastError?.kind).toBe(
        'noSpace',
      ),
    );
    await pause(4_000);
    expect(stage.events).not.toContain('expired');
    expect(stage.status().connection.state).toBe('connected');
    await stage.control.deletePrefix('/filler/');
    await stage.etcd.compact(await stage.control.revision());
    await stage.etcd.etcdctl('defrag');
    // A write that was refused just now may raise the alarm once more.
    await eventually(async () => {
      await stage.etcd.etcdctl('alarm', 'disarm');
      await stage.control.put('/elsewhere', 'x');
    });
  });

  fault('fault 42: garbage under our prefix', {}, async (stage) => {
    const reported: string[] = [];
    stage.registry.on('undecodable', ({ key }) => reported.push(key));
    const readable = providerUrl(78);
    await stage.control.put(`${prefix}%E0%A4%A`, '1');
    await stage.control.put(keyOf(readable), 'x'.repeat(1_000_000));
    await stage.control.put(`${prefix}deeper/key`, '1');
    await stage.control.put(prefix, '1');
    await stage.control.put(`${prefix}/${encodeURIComponent(providerUrl(79))}`, '1');
    await stage.control.put(Buffer.concat([Buffer.from(prefix), Buffer.from([0xff, 0xfe, 0x2f])]), '1');
    await stage.control.put(`/dubbo/${service}/providersX/${encodeURIComponent(providerUrl(80))}`, '1');
    await eventually(() => expect(stage.told[0]?.last).toEqual([...stage.desired, readable].sort()));
    await stage.cutOff();
    await stage.control.put(`${prefix}%E0%A4%A`, '2');
    await stage.proxy.startAccepting();
    await stage.foreign(81);
    await eventually(() => expect(stage.told[0]?.last).toContain(providerUrl(81)));
    expect(reported.filter((key) => key.endsWith('%E0%A4%A'))).toHaveLength(1);
  });

  fault('fault 54: 1,000 services and 1,000 listeners of one, through resets', patient, async (stage) => {
    const streams = Array.from({ length: 1_000 }, (_, number) => number);
    await Promise.all(
      streams.map((number) => stage.registry.subscribe(`consumer://10.9.9.9/com.acme.S${number}`, () => {})),
    );
    await Promise.all(streams.map(() => stage.listen()));
    stage.proxy.resetAll();
    const url = await stage.foreign(82);
    await eventually(() => {
      for (const { last } of stage.told) expect(last).toContain(url);
    }, 60_000);
    expect(stage.proxy.connections.open).toBe(1);
    const last = `/dubbo/com.acme.S999/providers/${encodeURIComponent('dubbo://10.0.0.1:1/com.acme.S999')}`;
    await stage.control.put(last, '1');
    await eventually(() => {
      const status = stage.status().subscriptions.find((each) => each.url.endsWith('S999'));
      expect(status?.categories[0]?.providerCount).toBe(1);
    });
  });

  fault('fault 55: a consumer whose event loop is busy most of the time', {}, async (stage) => {
    const actor = new ActorProcess(stage, { sessionMs: 30_000 });
    await actor.ready(stage);
    for (let round = 0; round < 15; round += 1) {
      actor.say('block 250');
      await Promise.all(Array.from({ length: 60 }, (_, each) => stage.foreign(6_000 + round * 60 + each)));
      await stage.control.deletePrefix(keyOf(`dubbo://10.0.${(6_000 + round * 60) >> 8}.`));
      await pause(30);
    }
    const last = await stage.foreign(83);
    await eventually(() => expect(actor.told.last).toContain(last));
    await stage.witness.caughtUp(stage.control);
    expect(actor.told.violations(stage.witness.history)).toEqual([]);
    expect(await actor.close()).toBe(0);
    await actor.isGone(stage);
  });

  fault('fault 58: no file descriptor is left for a connection', { needs: 'prlimit' }, async (stage) => {
    const actor = new ActorProcess(stage);
    await actor.ready(stage);
    await stage.cutOff();
    actor.limitFiles(1);
    await stage.proxy.startAccepting();
    await actor.isGone(stage);
    actor.limitFiles(1_024);
    await actor.isRegistered(stage);
    expect(await actor.close()).toBe(0);
    expect(actor.events).not.toContain('failed');
    await actor.isGone(stage);
  });

  fault('fault 60: 40 clients come back at once', {}, async (stage) => {
    const herd = await Promise.all(Array.from({ length: 40 }, () => stage.open({ sessionMs: 30_000 })));
    await Promise.all(herd.map((registry) => stage.listen(registry)));
    const before = stage.proxy.connections.made;
    stage.proxy.stopAccepting();
    stage.proxy.resetAll();
    await eventually(() => {
      for (const registry of herd) expect(registry.status().connection.attempts).toBeGreaterThan(3);
    });
    await stage.proxy.startAccepting();
    await eventually(() => {
      for (const registry of herd) expect(registry.status().connection.state).toBe('connected');
    });
    expect(stage.proxy.connections.made - before).toBeLessThan(41 * 3);
    const url = await stage.foreign(84);
    await eventually(() => {
      for (const { last } of stage.told) expect(last).toContain(url);
    });
  });
});
