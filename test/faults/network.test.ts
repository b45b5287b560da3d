/** Faults 6-14, 38-40 and 62: the way between us and etcd breaks, hangs, stutters, or leads elsewhere. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { startProxy } from '../support/proxy.js';
import { fault } from './support/fault.js';
import { Gateway } from './support/h2-gateway.js';
import { keyOf, providerUrl, type Stage } from './support/stage.js';

/** A session long enough that an outage of a few seconds does not end the lease. */
const longSession = { registry: { sessionMs: 15_000 } };

/** Providers come and go, 10 ms apart, until told to stop. */
function churn(stage: Stage): () => Promise<void> {
  let isOver = false;
  const running = (async () => {
    for (let turn = 0; !isOver; turn += 1) {
      const url = await stage.foreign(500 + (turn % 20));
      await pause(5);
      if (turn % 3 === 0) await stage.control.delete(keyOf(url));
      await pause(5);
    }
  })();
  return async () => {
    isOver = true;
    await running;
  };
}

describeOnEtcd('the way to etcd', () => {
  fault('fault 6: all connections reset once', {}, async (stage) => {
    const stop = churn(stage);
    const { epoch } = stage.status().connection;
    stage.proxy.resetAll();
    await stage.reconnected(epoch);
    await stop();
    expect(stage.status().lease.generation).toBe(1);
  });

  fault('fault 6: all connections reset every 50 to 400 ms', {}, async (stage) => {
    const stop = churn(stage);
    const made = stage.proxy.connections.made;
    for (let turn = 0; turn < 25; turn += 1) {
      stage.proxy.resetAll();
      await pause(50 + ((turn * 97) % 350));
    }
    await stop();
    expect(stage.proxy.connections.made - made).toBeGreaterThan(5);
    expect(stage.proxy.connections.made - made).toBeLessThan(60);
  });

  fault('fault 7: cut at every point between connecting and catching up', longSession, async (stage) => {
    for (let turn = 0; turn < 25; turn += 1) {
      await stage.cutOff();
      await Promise.all([0, 1, 2, 3].map((each) => stage.foreign(600 + turn * 4 + each)));
      await stage.control.delete(keyOf(providerUrl(600 + turn * 4)));
      await stage.proxy.startAccepting();
      await stage.proxy.cutAfter('down', 40 + turn * 45);
    }
  });

  fault('fault 8: cut in the middle of 3,000 revisions to catch up', longSession, async (stage) => {
    for (const bytes of [20_000, 150_000, 300_000]) {
      await stage.cutOff();
      await stage.crowd(1_000, 3_000);
      await stage.proxy.startAccepting();
      await stage.proxy.cutAfter('down', bytes);
    }
  });

  fault('fault 9: cut in the middle of a fragmented revision', longSession, async (stage) => {
    const lease = await stage.control.grantLease(60);
    const note = 'x'.repeat(1_100);
    const urls = Array.from({ length: 2_000 }, (_, host) => `${providerUrl(2_000 + host)}?note=${note}`);
    for (let at = 0; at < urls.length; at += 250) {
      const some = urls.slice(at, at + 250);
      await Promise.all(some.map((url) => stage.control.put(keyOf(url), '1', { lease })));
    }
    await stage.sees(stage.told[0], [...stage.desired, ...urls]);
    const cut = stage.proxy.cutAfter('down', 1_700_000);
    await stage.control.revokeLease(lease);
    await cut;
    await stage.sees(stage.told[0], [...stage.desired]);
    const sizes = stage.told[0]?.views.map(({ urls: { length } }) => length) ?? [];
    expect(sizes.slice(sizes.indexOf(2_003) + 1).filter((size) => size !== 3 && size !== 2_003)).toEqual([]);
  });

  fault('fault 10: black hole both ways (half-open)', longSession, async (stage) => {
    stage.proxy.blackHole('both');
    await stage.foreign(700);
    await stage.disconnected(20_000);
    stage.proxy.heal();
    await stage.settled();
    expect(stage.status().lease.generation).toBe(1);
  });

  fault('fault 10: black hole both ways for longer than the session', {}, async (stage) => {
    stage.proxy.blackHole('both');
    await eventually(() => expect(stage.events).toContain('expired'));
    stage.proxy.heal();
    await stage.settled();
    expect(stage.status().lease.generation).toBe(2);
  });

  fault('fault 11: one way, what we send is lost', longSession, async (stage) => {
    const before = await stage.foreign(702);
    await stage.sees(stage.told[0], [...stage.desired, before]);
    stage.proxy.blackHole('up');
    const during = await stage.foreign(701);
    await stage.sees(stage.told[0], [...stage.desired, before, during]);
    await stage.disconnected(20_000);
    stage.proxy.heal();
  });

  fault('fault 12: one way, what etcd answers is lost', longSession, async (stage) => {
    stage.proxy.blackHole('down');
    const late = `${providerUrl(51)}?check=false`;
    await stage.register(late);
    await eventually(async () => expect(await stage.control.get(keyOf(late))).toBeDefined());
    const withdrawn = stage.unregister(late);
    await stage.disconnected(20_000);
    stage.proxy.heal();
    await withdrawn;
  });

  fault('fault 13: a line that stalls a third of the time', {}, async (stage) => {
    const stop = churn(stage);
    for (let turn = 0; turn < 30; turn += 1) {
      stage.proxy.blackHole(turn % 2 === 0 ? 'up' : 'down');
      await pause(40 + ((turn * 31) % 120));
      stage.proxy.heal();
      await pause(200);
    }
    await stop();
    expect(stage.events).not.toContain('expired');
  });

  fault('fault 14: 150 ms each way do not add up', longSession, async (stage) => {
    stage.proxy.delay('both', 150);
    const began = performance.now();
    await Promise.all(Array.from({ length: 300 }, (_, host) => stage.register(providerUrl(3_000 + host))));
    const services = Array.from(
      { length: 60 },
      (_, number) => `consumer://10.9.9.9/com.acme.Service${number}`,
    );
    await Promise.all(services.map((url) => stage.registry.subscribe(url, () => {})));
    expect(performance.now() - began).toBeLessThan(10_000);
    stage.proxy.heal();
  });

  fault('fault 29: the keepalive stream ends without an error', {}, async (stage) => {
    const gateway = await Gateway.start(stage.etcd.endpoint);
    await stage.leadThrough(gateway.endpoint);
    const { epoch } = stage.status().connection;
    expect(gateway.endStreams('LeaseKeepAlive')).toBe(1);
    await stage.reconnected(epoch);
    await stage.settled();
    await stage.leadThrough(stage.etcd.endpoint);
    gateway.close();
    expect(stage.events).not.toContain('expired');
  });

  fault('fault 29: the watch stream ends without an error [W10]', {}, async (stage) => {
    const gateway = await Gateway.start(stage.etcd.endpoint);
    await stage.leadThrough(gateway.endpoint);
    expect(gateway.endStreams('Watch/Watch')).toBe(1);
    const url = await stage.foreign(702);
    // Sooner than its silence would be noticed.
    await eventually(() => expect(stage.told[0]?.last).toContain(url), 4_000);
    await stage.leadThrough(stage.etcd.endpoint);
    gateway.close();
  });

  fault('fault 38: too many requests', {}, async (stage) => {
    const gateway = await Gateway.start(stage.etcd.endpoint);
    await stage.leadThrough(gateway.endpoint);
    let refused = 0;
    gateway.answer = (path) => {
      if (!path.endsWith('KV/Txn')) return undefined;
      refused += 1;
      return { status: 8, message: 'etcdserver: too many requests' };
    };
    await stage.register(`${providerUrl(52)}?check=false`);
    await pause(2_000);
    gateway.answer = () => undefined;
    await stage.settled();
    expect(refused).toBeGreaterThan(1);
    expect(refused).toBeLessThan(40);
    expect(stage.status().connection.epoch).toBe(2);
    await stage.leadThrough(stage.etcd.endpoint);
    gateway.close();
  });

  for (const [name, code] of [
    ['NO_ERROR', 0],
    ['ENHANCE_YOUR_CALM', 11],
  ] as const) {
    fault(`fault 39: GOAWAY ${name}`, {}, async (stage) => {
      const gateway = await Gateway.start(stage.etcd.endpoint);
      await stage.leadThrough(gateway.endpoint);
      const { connections } = gateway;
      const stop = churn(stage);
      gateway.goAway(code);
      await eventually(() => expect(gateway.connections).toBeGreaterThan(connections));
      await stop();
      await stage.settled();
      await stage.leadThrough(stage.etcd.endpoint);
      gateway.close();
    });
  }

  fault('fault 40: one of two endpoints is dead', {}, async (stage) => {
    const dead = `127.0.0.1:${await freePort()}`;
    const second = await startProxy(stage.etcd.endpoint);
    const address = `${dead},${second.endpoint.replace('http://', '')}`;
    const registry = await stage.open({ address });
    const told = await stage.listen(registry);
    await registry.register(`dubbo://10.0.0.1:20880/com.acme.Other`);
    second.resetAll();
    await eventually(() => expect(registry.status().connection.epoch).toBeGreaterThan(1));
    await eventually(() => expect(registry.status().connection.state).toBe('connected'));
    await stage.settled();
    await stage.leave(registry, told);
    second.close();
  });

  fault('fault 62: something that is not etcd answers with a web page', {}, async (stage) => {
    const page = createServer((_, response) => response.end('<html>welcome</html>'));
    const port = await freePort();
    page.listen(port, '127.0.0.1');
    await once(page, 'listening');
    stage.proxy.retarget(`http://127.0.0.1:${port}`);
    stage.proxy.resetAll();
    const made = stage.proxy.connections.made;
    await stage.disconnected();
    await pause(3_000);
    expect(stage.proxy.connections.made - made).toBeLessThan(60);
    expect(stage.status().connection.lastError?.kind).toBe('unreachable');
    stage.proxy.retarget(stage.etcd.endpoint);
    stage.proxy.resetAll();
    page.close();
    page.closeAllConnections();
  });
});
