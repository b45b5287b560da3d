/** An etcd whose database is full. */
import { expect, test } from 'vitest';
import { createRegistry, type StateChange } from '../../src/index.js';
import { startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';

test('says what keeps it from writing, and writes when there is space again', async () => {
  await using etcd = await startMemoryEtcd();
  await using registry = await createRegistry({ address: etcd.endpoint, file: false });
  await registry.register('dubbo://10.0.0.1:1/a.B');
  const changes: StateChange[] = [];
  registry.on('state', (change) => changes.push(change));
  etcd.setNoSpace(true);
  await registry.register('dubbo://10.0.0.1:2/a.B?check=false');
  const troubled = () => changes.find(({ to }) => to === 'backingOff');
  await eventually(() => expect(troubled()?.reason).toBe('etcdserver: mvcc: database space exceeded'));
  expect(troubled()).toMatchObject({ machine: 'registry.publishing', from: 'flushing.writing' });
  etcd.setNoSpace(false);
  await eventually(() => expect(etcd.keys('/dubbo/a.B/providers/')).toHaveLength(2));
});
