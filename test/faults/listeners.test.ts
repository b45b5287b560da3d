/** Faults 46-50: listeners throw, hang and re-enter; wishes change faster than they can be granted. */
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { keyOf, prefix, providerUrl, service } from './support/stage.js';

const consumer = `consumer://10.9.9.9/${service}`;

describeOnEtcd('listeners and wishes', () => {
  fault('fault 46: a listener throws, another rejects, through a reset', {}, async (stage) => {
    const errors: unknown[] = [];
    let calls = 0;
    stage.registry.on('listenerError', (error) => errors.push(error));
    await stage.registry.subscribe(consumer, () => {
      calls += 1;
      if (calls % 2 === 1) throw new Error('thrown');
    });
    await stage.registry.subscribe(consumer, () => Promise.reject(new Error('rejected')));
    const { epoch } = stage.status().connection;
    stage.proxy.resetAll();
    const url = await stage.foreign(200);
    await stage.sees(stage.told[0], [...stage.desired, url]);
    await stage.reconnected(epoch);
    await eventually(() =>
      expect(errors.map(String)).toEqual(expect.arrayContaining(['Error: thrown', 'Error: rejected'])),
    );
    await eventually(() => expect(calls % 2).toBe(0));
  });

  fault('fault 47: a listener hangs', {}, async (stage) => {
    let calls = 0;
    await stage.registry.subscribe(consumer, () => {
      calls += 1;
      return new Promise(() => {});
    });
    for (let host = 200; host < 300; host += 1) await stage.foreign(host);
    await eventually(() => expect(stage.told[0]?.last).toHaveLength(103));
    expect(calls).toBe(1);
  });

  fault('fault 48: listeners subscribe and unsubscribe while they are called', {}, async (stage) => {
    const { registry } = stage;
    const after: string[] = [];
    let isGone = false;
    const inner = (): void => void after.push('inner');
    const leaver = async (): Promise<void> => {
      if (isGone) after.push('called after unsubscribe');
      isGone = true;
      await registry.unsubscribe(consumer, leaver);
    };
    const joiner = (): void => void registry.subscribe(consumer, inner);
    await registry.subscribe(consumer, joiner);
    await registry.subscribe(consumer, leaver).catch(() => {});
    for (let host = 200; host < 210; host += 1) await stage.foreign(host);
    await eventually(() => expect(stage.told[0]?.last).toHaveLength(13));
    await eventually(() => expect(after).toContain('inner'));
    expect(after).not.toContain('called after unsubscribe');
  });

  fault('fault 49: wishes change while we reconnect', {}, async (stage) => {
    await stage.cutOff();
    const [kept, dropped, flipped] = [providerUrl(201), providerUrl(202), providerUrl(1)].map(
      (url) => `${url}?check=false`,
    ) as [string, string, string];
    await stage.register(kept);
    await stage.register(dropped);
    const unregistered = [stage.unregister(dropped), stage.unregister(providerUrl(2))];
    await stage.registry.register(flipped);
    const again = stage.registry.unregister(flipped);
    await stage.register(flipped);
    const subscribed = stage.registry.subscribe(
      `${consumer}?check=false`,
      stage.told[0]?.listener ?? (() => {}),
    );
    await stage.registry.unsubscribe(`${consumer}?check=false`, stage.told[0]?.listener ?? (() => {}));
    await stage.proxy.startAccepting();
    await Promise.all([...unregistered, again, subscribed.catch(() => {})]);
    await stage.settled();
    expect(await stage.control.get(keyOf(dropped))).toBeUndefined();
  });

  fault('fault 50: 1,000 flips of one key', {}, async (stage) => {
    const url = `${providerUrl(203)}?check=false`;
    const waiting: Promise<void>[] = [];
    for (let flip = 0; flip < 500; flip += 1) {
      waiting.push(stage.registry.register(url).then(() => {}));
      if (flip % 7 === 0) await stage.control.revision();
      waiting.push(stage.registry.unregister(url));
      if (flip % 11 === 0) await stage.control.revision();
    }
    await Promise.all(waiting);
    expect(await stage.control.get(keyOf(url))).toBeUndefined();
    await stage.register(url);
    await stage.settled();
    await stage.witness.caughtUp(stage.control);
    const writes = stage.witness.history.current.events.filter(({ key }) => key === keyOf(url));
    expect(writes.length).toBeLessThan(1_000);
    expect(await stage.control.list(prefix)).toHaveLength(4);
  });
});
