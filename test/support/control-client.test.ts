import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlClient, connectControl } from './control-client.js';
import { describeOnEtcd } from './on-etcd.js';
import { type RealEtcd, startEtcd } from './real-etcd.js';

describeOnEtcd('the control client', () => {
  let etcd: RealEtcd;
  let control: ControlClient;

  beforeAll(async () => {
    etcd = await startEtcd();
    control = connectControl(etcd.endpoint);
  });

  afterAll(async () => {
    control.close();
    await etcd.stop();
  });

  test('sees what it put, with the lease and the revisions', async () => {
    const lease = await control.grantLease(60);
    const first = await control.put('/a', '1');
    const second = await control.put('/a', '2', { lease });
    expect(await control.get('/a')).toEqual({
      key: '/a',
      value: '2',
      lease,
      createRevision: first,
      modRevision: second,
      version: '2',
    });
    expect(await control.revision()).toBe(second);
    expect(await control.get('/none')).toBeUndefined();
  });

  test('agrees with etcdctl', async () => {
    await control.put('/seen/by', 'both');
    expect(await etcd.etcdctl('get', '/seen/by', '--print-value-only')).toBe('both');
    await etcd.etcdctl('put', '/seen/by', 'other');
    expect((await control.get('/seen/by'))?.value).toBe('other');
  });

  test('lists and deletes exactly one prefix', async () => {
    for (const key of ['/p', '/p/1', '/p/2', '/p0', '/q']) await control.put(key, '');
    expect((await control.list('/p/')).map(({ key }) => key)).toEqual(['/p/1', '/p/2']);
    expect(await control.deletePrefix('/p/')).toBe(2);
    expect((await control.list('/p')).map(({ key }) => key)).toEqual(['/p', '/p0']);
    expect(await control.delete('/q')).toBe(1);
    expect(await control.delete('/q')).toBe(0);
  });

  test('lists, describes and revokes leases', async () => {
    const lease = await control.grantLease(60);
    await control.put('/leased', '', { lease });
    expect(await control.leases()).toContain(lease);
    expect(await control.lease(lease)).toEqual({ ttlSeconds: expect.any(Number), keys: ['/leased'] });
    await control.revokeLease(lease);
    expect(await control.leases()).not.toContain(lease);
    expect(await control.lease(lease)).toBeUndefined();
    expect(await control.get('/leased')).toBeUndefined();
  });

  test('rejects with the gRPC status of etcd', async () => {
    await expect(control.put('/x', '', { lease: '404' })).rejects.toMatchObject({ code: 5 });
  });

  test('is connected again by the next call after a restart', async () => {
    await control.put('/again', '1');
    await etcd.kill();
    await expect(control.get('/again')).rejects.toMatchObject({ code: 14 });
    await etcd.restart();
    await expect.poll(() => control.get('/again').catch(() => undefined)).toMatchObject({ value: '1' });
  });
});
