/** Faults 23-28, 30, 53 and 59: leases end, or seem to; processes and clocks stop. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { type ActorOptions, ActorProcess } from './support/actor.js';
import { type FaultOptions, fault } from './support/fault.js';
import { keyOf, providerUrl, type Stage } from './support/stage.js';

/** A fault that happens to a registry in another process, while this one's listener looks on. */
function faultOfProcess(
  title: string,
  options: FaultOptions & { readonly actor?: (stage: Stage) => ActorOptions },
  happens: (stage: Stage, actor: ActorProcess) => Promise<void>,
): void {
  fault(title, options, async (stage) => {
    const actor = new ActorProcess(stage, options.actor?.(stage));
    try {
      await actor.ready(stage);
      await happens(stage, actor);
    } finally {
      actor.signal('SIGCONT');
      await actor.close();
    }
    await actor.isGone(stage);
    await stage.witness.caughtUp(stage.control);
    expect(actor.told.violations(stage.witness.history)).toEqual([]);
    expect(actor.events).not.toContain('failed');
    expect(actor.events).not.toContain('warning');
  });
}

/** Neither a renewal nor a regular audit would notice a loss in time. */
const onlyTheWatch = { registry: { sessionMs: 60_000, auditIntervalMs: 60_000 } };
/** EVENTUALLY-3, on a busy machine. */
const ownLossMsMax = 2_000;

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** Gives the process a wall clock that {@link setClock} moves; its monotonic clock goes on as it is. */
function movableClock(stage: Stage): ActorOptions {
  setClock(stage, '+0');
  return {
    sessionMs: 30_000,
    env: {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: join(stage.etcd.folder, 'clock'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  };
}

function setClock(stage: Stage, offset: string): void {
  writeFileSync(join(stage.etcd.folder, 'clock'), `${offset}\n`);
}

describeOnEtcd('leases, processes and clocks', () => {
  fault('fault 23: one lease with 10,000 keys ends', { registry: { sessionMs: 15_000 } }, async (stage) => {
    const rival = await stage.open({ sessionMs: 60_000 });
    const urls = Array.from(
      { length: 10_000 },
      (_, host) => `${providerUrl(10_000 + host)}?note=${'x'.repeat(200)}`,
    );
    await Promise.all(urls.map((url) => rival.register(`${url}&check=false`)));
    await eventually(() => expect(stage.told[0]?.last).toHaveLength(10_003), 60_000);
    const before = stage.told[0]?.views.length ?? 0;
    await rival.close();
    await stage.sees(stage.told[0], [...stage.desired]);
    expect((stage.told[0]?.views.length ?? 0) - before).toBeLessThan(4);
  });

  fault('fault 24: an operator revokes our lease', onlyTheWatch, async (stage) => {
    const began = performance.now();
    await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
    await stage.settled();
    expect(performance.now() - began).toBeLessThan(ownLossMsMax);
    expect(stage.status().lease.generation).toBe(2);
  });

  fault('fault 24: somebody deletes one of our keys', onlyTheWatch, async (stage) => {
    const began = performance.now();
    await stage.control.delete(keyOf(providerUrl(1)));
    await stage.settled();
    expect(performance.now() - began).toBeLessThan(ownLossMsMax);
    expect(stage.status().lease.generation).toBe(1);
  });

  fault(
    'fault 24: somebody deletes one of our keys, which we have registered for good',
    onlyTheWatch,
    async (stage) => {
      const url = `${providerUrl(30)}?dynamic=false`;
      await stage.registry.register(url);
      for (const spoil of [
        () => stage.control.delete(keyOf(url)),
        () => stage.control.put(keyOf(url), 'theirs'),
      ]) {
        await spoil();
        // What is overwritten is found by the next look, which the deletion of another key asks for.
        await stage.control.delete(keyOf(providerUrl(1)));
        await eventually(async () =>
          expect(await stage.control.get(keyOf(url))).toMatchObject({
            value: expect.stringMatching(/^-?\d+$/),
          }),
        );
      }
      await stage.registry.unregister(url);
    },
  );

  fault('fault 24: our keys are deleted while the link is away', onlyTheWatch, async (stage) => {
    await stage.cutOff();
    await stage.control.delete(keyOf(providerUrl(1)));
    await stage.proxy.startAccepting();
    await stage.settled(10_000);
  });

  fault('fault 24: an operator revokes our lease while we write', {}, async (stage) => {
    const writes = Array.from({ length: 200 }, (_, host) => stage.register(providerUrl(4_000 + host)));
    await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
    await Promise.all(writes);
  });

  faultOfProcess(
    'fault 25: the event loop is blocked for longer than the session',
    {},
    async (stage, actor) => {
      actor.say('block 5000');
      await actor.isGone(stage);
      await actor.isRegistered(stage);
      await actor.has('expired');
    },
  );

  faultOfProcess(
    'fault 26: the machine was suspended, the wall clock jumps ahead of the monotonic one',
    { needs: 'faketime', actor: movableClock },
    async (stage, actor) => {
      const lease = (await stage.control.get(keyOf(actor.urls[0] ?? '')))?.lease ?? '';
      const secondsLeft = async (): Promise<number> => (await stage.control.lease(lease))?.ttlSeconds ?? 0;
      await eventually(async () => expect(await secondsLeft()).toBeLessThan(27));
      setClock(stage, '+60');
      // The next renewal is not due for seconds.
      await eventually(async () => expect(await secondsLeft()).toBeGreaterThan(27), 2_500);
      expect(actor.events).toContain('doubtful');
    },
  );

  faultOfProcess(
    'fault 27: the wall clock jumps ahead and back',
    { needs: 'faketime', actor: movableClock },
    async (stage, actor) => {
      for (const offset of ['+3600', '-3600', '+0']) {
        setClock(stage, offset);
        const url = await stage.foreign(offset.length + offset.charCodeAt(1));
        await eventually(() => expect(actor.told.last).toContain(url));
        await pause(1_000);
      }
      expect(actor.events).not.toContain('expired');
      expect(actor.events.filter((event) => event === 'disconnected')).toEqual([]);
    },
  );

  fault('fault 28: the answer to a grant is lost', {}, async (stage) => {
    const before = await stage.control.leases();
    stage.proxy.blackHole('down');
    const registry = stage.open({ check: false });
    const registering = (await registry).register(`dubbo://10.0.0.1:20880/com.acme.Other?check=false`);
    await pause(1_500);
    stage.proxy.resetAll();
    stage.proxy.heal();
    await registering;
    await eventually(async () => expect(await stage.control.leases()).toHaveLength(before.length + 1));
    await (await registry).close();
  });

  fault(
    'fault 28: the answers to everything are lost while the lease is granted [L12]',
    {},
    async (stage) => {
      // So long that the lease does not end of itself meanwhile.
      const registry = await stage.open({ sessionMs: 60_000 });
      const before = await stage.control.leases();
      stage.proxy.blackHole('down');
      await registry.register(`dubbo://10.0.0.1:20880/com.acme.Other?check=false`);
      await eventually(async () => expect(await stage.control.leases()).toHaveLength(before.length + 1));
      stage.proxy.resetAll();
      stage.proxy.heal();
      await eventually(async () =>
        expect(await stage.control.list('/dubbo/com.acme.Other/providers/')).toHaveLength(1),
      );
      expect(await stage.control.leases()).toHaveLength(before.length + 1);
      await registry.close();
    },
  );

  fault('fault 30: the keys of a lease that lives on are gone', {}, async (stage) => {
    for (const url of stage.desired) await stage.control.delete(keyOf(url));
    await stage.settled();
    expect(stage.status().lease.generation).toBe(1);
  });

  faultOfProcess('fault 53: the process is killed', {}, async (stage, actor) => {
    await eventually(() => expect(stage.told[0]?.last).toEqual(expect.arrayContaining([...actor.urls])));
    actor.signal('SIGKILL');
    await actor.isGone(stage);
    await stage.sees(stage.told[0], [...stage.desired]);
  });

  faultOfProcess(
    'fault 59: the process stands still for longer than the session',
    {},
    async (stage, actor) => {
      actor.signal('SIGSTOP');
      await actor.isGone(stage);
      const url = await stage.foreign(90);
      actor.signal('SIGCONT');
      await actor.isRegistered(stage);
      await eventually(() => expect(actor.told.last).toContain(url));
    },
  );
});
