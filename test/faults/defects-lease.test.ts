/** Defects of leases and registrations in the implementation that is replaced. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.js';
import { describeOnEtcd } from '../support/on-etcd.js';
import { fault } from './support/fault.js';
import { Gateway } from './support/h2-gateway.js';
import { LateLine } from './support/late-line.js';
import { keyOf, prefix, providerUrl } from './support/stage.js';
import { inject } from './support/strace.js';

/** After this a watch stream that says nothing is opened anew. */
const watchSilenceMs = 5_000;

describeOnEtcd('defects of leases', () => {
  fault(
    'remembers what was registered through an outage, and rewrites nothing that still stands [L1] [L8]',
    {},
    async (stage) => {
      const { epoch } = stage.status().connection;
      const before = await stage.control.list(prefix);
      stage.proxy.resetAll();
      await stage.reconnected(epoch);
      await stage.settled();
      expect(await stage.control.list(prefix)).toEqual(before);
      expect(stage.status().lease.generation).toBe(1);
      await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
      await eventually(() => expect(stage.status().lease.generation).toBe(2));
    },
  );

  fault(
    'remembers what was registered before there was a lease [L2]',
    { registrations: 0 },
    async (stage) => {
      await stage.cutOff();
      await stage.register(`${providerUrl(21)}?check=false`);
      await expect(stage.registry.register(providerUrl(22))).rejects.toMatchObject({ code: 'UNREACHABLE' });
      await stage.proxy.startAccepting();
      await stage.settled();
      expect(await stage.control.leases()).toEqual([stage.status().lease.leaseId]);
    },
  );

  fault('writes the lease id that the key hangs on as its value [L3]', {}, async (stage) => {
    for (let round = 0; round < 3; round += 1) {
      const { leaseId, generation } = stage.status().lease;
      const urls = Array.from({ length: 100 }, (_, host) => providerUrl(400 + round * 100 + host));
      const writes = Promise.all(urls.map((url) => stage.register(url)));
      await stage.control.revokeLease(leaseId ?? '');
      await writes;
      await eventually(() => expect(stage.status().lease.generation).toBeGreaterThan(generation));
      await stage.settled();
    }
    for (const { value, lease } of await stage.control.list(prefix)) expect(value).toBe(lease);
  });

  fault(
    'takes a refused write for the loss of its lease [L4]',
    { registry: { sessionMs: 60_000, auditIntervalMs: 60_000 } },
    async (stage) => {
      const gateway = await Gateway.start(stage.etcd.endpoint);
      await stage.leadThrough(gateway.endpoint);
      // Nor does the watch on our fence tell, before its silence is a fault of its own.
      gateway.mute('Watch/Watch');
      const began = performance.now();
      await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
      await stage.register(providerUrl(23));
      expect(stage.status().lease.generation).toBe(2);
      expect(performance.now() - began).toBeLessThan(watchSilenceMs);
      await stage.leadThrough(stage.etcd.endpoint);
      gateway.close();
    },
  );

  fault(
    'renews in time while hundreds of registrations wait for a slow disk [L7]',
    { needs: 'strace' },
    async (stage) => {
      const release = await inject(stage.etcd.pid, 'fdatasync:delay_exit=200000');
      const until = performance.now() + 7_000;
      for (let host = 700; performance.now() < until; host += 20) {
        const urls = Array.from({ length: 20 }, (_, each) => `${providerUrl(host + each)}?check=false`);
        await Promise.all(urls.map((url) => stage.register(url)));
        await pause(150);
      }
      await stage.settled();
      await release();
      expect(stage.status().lease.generation).toBe(1);
    },
  );

  fault('recovers though handlers of its events throw [L9]', {}, async (stage) => {
    const { registry } = stage;
    const thrower = (): never => {
      throw new Error('thrown');
    };
    registry
      .on('connection', thrower)
      .on('lease', thrower)
      .on('registration', thrower)
      .on('view', thrower)
      .on('state', thrower);
    await stage.etcd.kill();
    await stage.disconnected();
    await stage.etcd.restart();
    await stage.settled();
    await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
    await eventually(() => expect(stage.status().lease.generation).toBe(2));
  });

  fault('remembers a withdrawal that etcd could not be told [L10]', {}, async (stage) => {
    await stage.cutOff();
    const withdrawn = stage.unregister(providerUrl(1));
    // What lay under the lease is written again, but not this.
    await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
    await stage.proxy.startAccepting();
    await withdrawn;
    expect(await stage.control.get(keyOf(providerUrl(1)))).toBeUndefined();
    expect(stage.status().lease.generation).toBe(2);
    await stage.control.revokeLease(stage.status().lease.leaseId ?? '');
    await eventually(() => expect(stage.status().lease.generation).toBe(3));
  });

  const patient = { registry: { sessionMs: 15_000, requestTimeoutMs: 1_000 } };
  fault(
    'does not let a write that comes late bring back what was withdrawn [L11]',
    patient,
    async (stage) => {
      const url = `${providerUrl(24)}?check=false`;
      const line = await LateLine.open(stage.etcd.endpoint);
      await stage.leadThrough(line.endpoint);
      line.keep();
      await stage.register(url);
      await eventually(() => expect(line.isKeeping).toBe(true));
      await pause(300);
      line.drop();
      stage.proxy.retarget(stage.etcd.endpoint);
      await stage.unregister(url);
      line.deliver();
      await pause(500);
      expect(await stage.control.get(keyOf(url))).toBeUndefined();
      line.close();
    },
  );

  fault(
    'asks for whole seconds that last no shorter than the session, and believes what is granted [L13]',
    {},
    async (stage) => {
      for (const [sessionMs, ttlSeconds] of [
        [2_001, 3],
        [3_999, 4],
        [999, 2],
      ] as const) {
        const registry = await stage.open({ sessionMs, requestTimeoutMs: 300 });
        await registry.register('dubbo://10.0.0.1:20880/com.acme.Other');
        expect(registry.status().lease.ttlSeconds).toBe(ttlSeconds);
        await registry.close();
      }
    },
  );

  fault('revokes at its end the one lease it was granted, and nothing else [L14]', {}, async (stage) => {
    const gateway = await Gateway.start(stage.etcd.endpoint);
    await stage.leadThrough(gateway.endpoint);
    const revocations = (): number =>
      gateway.calls.filter((headers) => headers[':path'] === '/etcdserverpb.Lease/LeaseRevoke').length;
    const [consumer, provider] = [await stage.open(), await stage.open()];
    await consumer.subscribe('consumer://10.9.9.9/com.acme.Other', () => {});
    await consumer.close();
    expect(revocations()).toBe(0);
    await provider.register('dubbo://10.0.0.1:20880/com.acme.Other');
    await provider.close();
    expect(revocations()).toBe(1);
    expect(await stage.control.leases()).toEqual([stage.status().lease.leaseId]);
    await stage.leadThrough(stage.etcd.endpoint);
    gateway.close();
  });

  fault(
    'registers under its lease unless told otherwise, and tells providers without one as well [L16]',
    {},
    async (stage) => {
      const url = await stage.foreign(30);
      await stage.sees(stage.told[0], [...stage.desired, url]);
      const leases = (await stage.control.list(prefix)).map(({ key, lease }) => [
        key === keyOf(url),
        lease === '0',
      ]);
      for (const [isForeign, isPersistent] of leases) expect(isPersistent).toBe(isForeign);
    },
  );
});
