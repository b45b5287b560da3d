/** Faults 43-45 and 61: others write our keys, and providers vanish together. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { keyOf, providerUrl } from './support/stage.js';

describeOnEtcd('rivals', () => {
  fault('fault 43: two processes register the same key', {}, async (stage) => {
    const conflicts: string[] = [];
    stage.registry.on('registration', ({ state, keys }) => state === 'conflicted' && conflicts.push(...keys));
    const key = keyOf(providerUrl(1));
    const rival = await stage.open();
    await rival.register(providerUrl(1));
    await eventually(() => expect(conflicts).toEqual([key]));
    await pause(3_000);
    await stage.witness.caughtUp(stage.control);
    const puts = stage.witness.history.current.events.filter((event) => event.key === key);
    expect(puts).toHaveLength(2);
    stage.desired.delete(providerUrl(1));
    await stage.registry.unregister(providerUrl(1));
    expect(await stage.control.get(key)).toMatchObject({ lease: rival.status().lease.leaseId });
    await rival.close();
    expect(await stage.control.get(key)).toBeUndefined();
  });

  fault(
    'fault 44: somebody deletes a key of ours again and again',
    { registry: { sessionMs: 60_000, auditIntervalMs: 8_000 } },
    async (stage) => {
      const conflicts: string[] = [];
      stage.registry.on(
        'registration',
        ({ state, keys }) => state === 'conflicted' && conflicts.push(...keys),
      );
      const key = keyOf(providerUrl(1));
      const until = performance.now() + 4_000;
      while (performance.now() < until) {
        await stage.control.delete(key);
        await pause(50);
      }
      expect(conflicts).toEqual([key]);
      await stage.witness.caughtUp(stage.control);
      const puts = stage.witness.history.current.events.filter(
        (event) => event.key === key && event.type === 'put',
      );
      // Once registered, three times put back at once, and perhaps once more by a regular audit.
      expect(puts.length).toBeGreaterThanOrEqual(4);
      expect(puts.length).toBeLessThanOrEqual(5);
      // Its neighbour does not suffer.
      await stage.control.delete(keyOf(providerUrl(2)));
      await eventually(
        async () => expect(await stage.control.get(keyOf(providerUrl(2)))).toBeDefined(),
        2_000,
      );
    },
  );

  fault('fault 45: somebody overwrites our keys without a lease', {}, async (stage) => {
    for (const url of stage.desired) await stage.control.put(keyOf(url), 'immortal');
    await stage.settled();
    const [first = ''] = stage.desired;
    await stage.unregister(first);
    expect(await stage.control.get(keyOf(first))).toBeUndefined();
  });

  fault('fault 61: the leases of all providers end in one outage', {}, async (stage) => {
    const watching = await stage.open();
    const told = await stage.listen(watching);
    const before = told.views.length;
    await stage.etcd.kill();
    stage.etcd.wipe();
    stage.witness.startEpoch();
    stage.proxy.blackHole('both');
    await stage.etcd.restart();
    await eventually(() => expect(stage.events).toContain('expired'));
    expect(told.views).toHaveLength(before);
    stage.proxy.resetAll();
    stage.proxy.heal();
    await stage.settled();
    expect(told.views.filter(({ urls }) => urls.length === 0)).toEqual([]);
  });
});
