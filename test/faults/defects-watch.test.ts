/** Defects of watching and listing in the implementation that is replaced: each test fails where its handling is taken out. */
import { expect } from 'vitest';
import type { ServiceUrl } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { Gateway } from './support/h2-gateway.js';
import { watcherCount, watchersAtRest } from './support/metrics.js';
import { keyOf, prefix, providerUrl, type Stage } from './support/stage.js';

const consumer = 'consumer://10.9.9.9/com.acme.Orders';

/** The default. */
const notifyWindowMs = 50;

/** So that the link is doubted long before the lease is. */
const longSession = { registry: { sessionMs: 9_000 } };

describeOnEtcd('defects of watching', () => {
  fault('misses nothing that comes or goes while it subscribes [W2]', {}, async (stage) => {
    let isOver = false;
    const writing = (async () => {
      for (let turn = 0; !isOver; turn += 1) {
        const url = await stage.foreign(300 + (turn % 10));
        if (turn % 2 === 0) await stage.control.delete(keyOf(url));
      }
    })();
    for (let round = 0; round < 40; round += 1) {
      const registry = await stage.open();
      const told = await stage.listen(registry);
      await eventually(() => expect(told.views.length).toBeGreaterThan(4));
      if (round < 38) await stage.leave(registry, told);
    }
    isOver = true;
    await writing;
  });

  fault(
    'hears of changes before, during and after a reconnect, in one shape [W3] [W4] [W5] [W6]',
    {},
    async (stage) => {
      const urls = async (): Promise<readonly string[]> => {
        const entries = await stage.control.list(prefix);
        return entries.map(({ key }) => decodeURIComponent(key.slice(prefix.length))).sort();
      };
      const before = await stage.foreign(310);
      await stage.sees(stage.told[0], await urls());
      stage.proxy.stopAccepting();
      await stage.etcd.kill();
      await stage.disconnected();
      await stage.etcd.restart();
      await stage.control.delete(keyOf(before));
      await stage.foreign(311);
      await stage.proxy.startAccepting();
      await stage.sees(stage.told[0], await urls());
      await stage.listen();
      await stage.foreign(312);
      for (const told of stage.told) await stage.sees(told, await urls());
    },
  );

  fault('hears what still comes over a link in doubt [W9]', longSession, async (stage) => {
    let toldInDoubt = 0;
    for (let round = 0; round < 4; round += 1) {
      await stage.settled();
      stage.proxy.blackHole('up');
      await eventually(() => expect(stage.status().connection.state).toBe('connected.doubtful'));
      const url = await stage.foreign(500 + round);
      await eventually(() => {
        const isTold = stage.told[0]?.last?.includes(url) === true;
        if (isTold) toldInDoubt += 1;
        expect(isTold || stage.status().connection.state !== 'connected.doubtful').toBe(true);
      });
      stage.proxy.heal();
    }
    expect(toldInDoubt).toBeGreaterThan(0);
  });

  fault('forgets who went during an outage, also when it has to list again [W7]', {}, async (stage) => {
    const went = await stage.foreign(313);
    await stage.sees(stage.told[0], [...stage.desired, went]);
    await stage.cutOff();
    await stage.control.delete(keyOf(went));
    await stage.compact();
    await stage.proxy.startAccepting();
    await stage.sees(stage.told[0], [...stage.desired]);
    const after = await stage.foreign(314);
    await stage.sees(stage.told[0], [...stage.desired, after]);
  });

  fault('does not take the keys of a neighbour for its own [W8]', {}, async (stage) => {
    await stage.control.put(`${prefix.slice(0, -1)}X/${encodeURIComponent(providerUrl(315))}`, '1');
    await stage.control.put(`${prefix}deeper/${encodeURIComponent(providerUrl(316))}`, '1');
    await stage.control.put(`/dubbo2${prefix.slice(6)}${encodeURIComponent(providerUrl(317))}`, '1');
    const url = await stage.foreign(318);
    await stage.sees(stage.told[0], [...stage.desired, url]);
  });

  fault(
    'leaves no watcher behind when it unsubscribes, also during an outage [W11] [W12]',
    {},
    async (stage) => {
      const before = await watchersAtRest(stage.etcd.endpoint);
      let calls = 0;
      const listener = (): void => {
        calls += 1;
      };
      const services = Array.from({ length: 20 }, (_, number) => `consumer://10.9.9.9/com.acme.S${number}`);
      await Promise.all(services.map((url) => stage.registry.subscribe(url, listener)));
      await eventually(async () => expect(await watcherCount(stage.etcd.endpoint)).toBe(before + 20));
      for (const url of services.slice(0, 10)) await stage.registry.unsubscribe(url, listener);
      await eventually(async () => expect(await watcherCount(stage.etcd.endpoint)).toBe(before + 10));
      await stage.cutOff();
      for (const url of services.slice(10)) await stage.registry.unsubscribe(url, listener);
      const told = calls;
      await stage.proxy.startAccepting();
      await stage.settled();
      await stage.control.put(
        `/dubbo/com.acme.S15/providers/${encodeURIComponent('dubbo://10.0.0.1:1/com.acme.S15')}`,
        '1',
      );
      for (let round = 0; round < 3; round += 1) {
        const { epoch } = stage.status().connection;
        stage.proxy.resetAll();
        await stage.reconnected(epoch);
      }
      await stage.settled();
      await eventually(async () => expect(await watcherCount(stage.etcd.endpoint)).toBe(before));
      expect(calls).toBe(told);
    },
  );

  fault('leaves no stream behind when it gives up a link that is only silent [W18]', {}, async (stage) => {
    const before = await watchersAtRest(stage.etcd.endpoint);
    for (let round = 0; round < 2; round += 1) {
      const { epoch } = stage.status().connection;
      stage.proxy.blackHole('both');
      await stage.disconnected();
      stage.proxy.heal();
      await stage.reconnected(epoch);
      await stage.settled();
    }
    await eventually(async () => expect(await watcherCount(stage.etcd.endpoint)).toBe(before));
    await eventually(() => expect(stage.proxy.connections.open).toBe(1));
  });

  fault(
    'tries again when a listing or a watch is refused, and asks for a leader [W13] [W14]',
    {},
    async (stage) => {
      const gateway = await Gateway.start(stage.etcd.endpoint);
      await stage.leadThrough(gateway.endpoint);
      const streams = gateway.calls.filter((headers) =>
        /Watch\/Watch|LeaseKeepAlive/.test(String(headers[':path'])),
      );
      expect(streams.map((headers) => headers['hasleader'])).toEqual(['true', 'true']);
      const told: string[] = [];
      let refused = 0;
      const { epoch } = stage.status().connection;
      for (const service of ['One', 'Two', 'Three']) {
        gateway.answer = (path) => {
          if (!path.endsWith('KV/Range')) return undefined;
          gateway.answer = () => undefined;
          refused += 1;
          return { status: 8, message: 'etcdserver: too many requests' };
        };
        await stage.registry.subscribe(`consumer://10.9.9.9/com.acme.${service}`, () => told.push(service));
      }
      expect([refused, told]).toEqual([3, ['One', 'Two', 'Three']]);
      expect(stage.status().connection.epoch).toBe(epoch);
      await stage.leadThrough(stage.etcd.endpoint);
      gateway.close();
    },
  );

  fault(
    'is not held up by a listener that blocks, and tells what came together once [W16] [W17]',
    {},
    async (stage) => {
      let calls = 0;
      await stage.registry.subscribe(consumer, () => {
        calls += 1;
        return new Promise(() => {});
      });
      const before = stage.told[0]?.views.length ?? 0;
      const began = performance.now();
      const urls: string[] = [];
      for (let host = 320; host < 470; host += 1) urls.push(await stage.foreign(host));
      await stage.sees(stage.told[0], [...stage.desired, ...urls]);
      const windows = (performance.now() - began) / notifyWindowMs;
      expect((stage.told[0]?.views.length ?? 0) - before).toBeLessThan(windows + 3);
      expect(calls).toBe(1);
    },
  );

  fault('tells providers in the order of their keys, however they came [W19]', {}, async (stage) => {
    const orders = await inOrder(stage);
    expect(orders.length).toBeGreaterThan(1);
    for (const urls of orders) expect(urls.map(keyOf)).toEqual(urls.map(keyOf).sort());
  });
});

async function inOrder(stage: Stage): Promise<readonly (readonly string[])[]> {
  const orders: (readonly string[])[] = [];
  const remember = (urls: readonly ServiceUrl[]): void => void orders.push(urls.map(String));
  await stage.registry.subscribe(consumer, remember);
  for (const host of [39, 31, 35, 33, 37]) await stage.foreign(host);
  await eventually(() => expect(orders.at(-1)).toHaveLength(8));
  return orders;
}
