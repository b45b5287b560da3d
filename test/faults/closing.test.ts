/** Faults 51, 52 and 57: the end, and the beginning, at a bad moment. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { createRegistry } from '../../src/index.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { ActorProcess } from './support/actor.js';
import { fault } from './support/fault.js';
import { providerUrl, type Stage } from './support/stage.js';

const moments: Readonly<Record<string, (stage: Stage, actor: ActorProcess) => Promise<unknown>>> = {
  'all is well': async () => {},
  'it starts': async () => {},
  'it starts without etcd': async (stage) => stage.proxy.stopAccepting(),
  'it reconnects': async (stage, actor) => {
    await actor.ready(stage);
    stage.proxy.resetAll();
  },
  'its lease is replaced': async (stage, actor) => {
    await actor.ready(stage);
    const [entry] = (await stage.control.list('/dubbo/')).filter(({ key }) => key.includes('10.0.3.'));
    await stage.control.revokeLease(entry?.lease ?? '');
  },
  'etcd is a black hole': async (stage, actor) => {
    await actor.ready(stage);
    stage.proxy.blackHole('both');
  },
  'etcd is frozen': async (stage, actor) => {
    await actor.ready(stage);
    await stage.etcd.freeze();
  },
};

describeOnEtcd('the beginning and the end', () => {
  for (const [moment, happens] of Object.entries(moments)) {
    fault(`fault 51: closed while ${moment}`, { registry: { sessionMs: 15_000 } }, async (stage) => {
      const actor = new ActorProcess(stage);
      if (moment === 'all is well') await actor.ready(stage);
      await happens(stage, actor);
      expect(await actor.close()).toBe(0);
      expect(actor.events).not.toContain('failed');
      stage.etcd.thaw();
      stage.proxy.heal();
      await stage.proxy.startAccepting();
      await actor.isGone(stage);
    });
  }

  fault('fault 52: closed while etcd is down', {}, async (stage) => {
    const actor = new ActorProcess(stage);
    await actor.ready(stage);
    await stage.cutOff();
    expect(await actor.close()).toBe(0);
    await stage.proxy.startAccepting();
    await actor.isGone(stage);
  });

  fault('fault 57: started while etcd cannot be reached [C3]', {}, async (stage) => {
    await stage.cutOff();
    const address = stage.proxy.endpoint.replace('http://', '');
    const began = performance.now();
    await expect(createRegistry({ address, timeoutMs: 500 })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(performance.now() - began).toBeLessThan(5_000);
    const registry = await stage.open({ check: false });
    await registry.register(`${providerUrl(204)}?check=false`);
    const subscribed = stage.listen(registry);
    subscribed.catch(() => {});
    await pause(500);
    await stage.proxy.startAccepting();
    await subscribed;
    await stage.sees(stage.told[1], [...stage.desired, `${providerUrl(204)}?check=false`]);
    await stage.leave(registry, stage.told[1]);
  });
});
