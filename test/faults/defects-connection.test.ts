/** Defects of the connection in the implementation that is replaced. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { ActorProcess } from './support/actor.js';
import { fault } from './support/fault.js';
import { watcherCount, watchersAtRest } from './support/metrics.js';
import { providerUrl } from './support/stage.js';

describeOnEtcd('defects of the connection', () => {
  fault('notices an outage however short it is [C1]', {}, async (stage) => {
    const idle = await stage.open();
    for (let round = 0; round < 5; round += 1) {
      const [epoch, idleEpoch] = [stage.status().connection.epoch, idle.status().connection.epoch];
      stage.proxy.resetAll();
      await stage.reconnected(epoch);
      await eventually(() => expect(idle.status().connection.epoch).toBeGreaterThan(idleEpoch));
    }
    expect(stage.events.filter((event) => event === 'disconnected')).toHaveLength(5);
  });

  fault(
    'finds out that the line is dead, though it has nothing to send for a while [C7]',
    {},
    async (stage) => {
      // It only provides: no views, of which etcd would be asked every second, and the next renewal is 20 s away.
      const registry = await stage.open({ sessionMs: 60_000, auditIntervalMs: 60_000 });
      const watchers = await watchersAtRest(stage.etcd.endpoint);
      await registry.register(providerUrl(41));
      // Those that follow its own keys; after that it has nothing to send.
      await eventually(async () => expect(await watcherCount(stage.etcd.endpoint)).toBe(watchers + 2));
      const { epoch } = registry.status().connection;
      stage.proxy.blackHole('both');
      await eventually(() => expect(registry.status().connection.state).not.toMatch(/^connected/), 12_000);
      stage.proxy.heal();
      await eventually(() => expect(registry.status().connection.epoch).toBeGreaterThan(epoch));
      await stage.leave(registry);
    },
  );

  fault('fault 40: the name of etcd leads elsewhere [C9]', { needs: 'unshare' }, async (stage) => {
    const hosts = join(stage.etcd.folder, 'hosts');
    const lead = (address: string): void => writeFileSync(hosts, `${address} etcd.test localhost\n`);
    lead('127.0.0.1');
    const run = `mount --bind ${hosts} /etc/hosts && exec "$@"`;
    const under = ['unshare', '--mount', 'sh', '-c', run, 'sh'];
    const address = `etcd.test:${new URL(stage.proxy.endpoint).port}`;
    const actor = new ActorProcess(stage, { under, address });
    await actor.ready(stage);
    lead('127.0.0.9');
    stage.proxy.resetAll();
    await actor.isGone(stage);
    lead('127.0.0.1');
    await actor.isRegistered(stage);
    expect(await actor.close()).toBe(0);
    await actor.isGone(stage);
  });
});
