import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../src/index.js';
import { type Observation, type ObserveOptions, observe } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';

const provider = 'dubbo://10.0.0.1:20880/com.acme.Orders?version=1.0.0';
const consumer = 'consumer://10.0.0.9/com.acme.Orders?version=1.0.0';

describe('an observer', () => {
  let etcd: MemoryEtcd;
  let registry: Registry;

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    registry = await createRegistry(`etcd3://${etcd.endpoint}?file=false&session=6000`);
  });

  afterEach(async () => {
    await registry.close();
    await etcd.stop();
  });

  function record(options?: ObserveOptions): { readonly seen: Observation[]; readonly end: () => void } {
    const seen: Observation[] = [];
    return { seen, end: observe(registry, (each) => seen.push(each), options) };
  }

  test('that comes late is told every actor that there is, parents first, and then what happens [SEE-3]', async () => {
    await registry.register(provider);
    await registry.subscribe(consumer, () => {});
    const { seen } = record();
    await eventually(() => expect(seen.length).toBeGreaterThan(8));
    const known = seen.filter((each) => each.type === 'actor').map(({ actor }) => actor);
    expect(known.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'registry',
        'connection',
        'lease',
        'watchers',
        'watcher',
        'watchPrefix',
        'followLink',
      ]),
    );
    const ids = new Set<string | null>([null]);
    for (const { id, parentId } of known) {
      expect(ids).toContain(parentId);
      ids.add(id);
    }
    const lease = seen.find((each) => each.type === 'actor' && each.actor.name === 'lease');
    expect(lease).toMatchObject({
      definition: { id: 'lease' },
      snapshot: { status: 'active', state: 'alive.renewal.resting & trust.certain', tags: ['usable'] },
    });
    await registry.unregister(provider);
    await eventually(() =>
      expect(seen.filter((each) => each.type === 'snapshot').map(({ snapshot }) => snapshot.state)).toEqual(
        expect.arrayContaining([expect.stringContaining('publishing.flushing.writing')]),
      ),
    );
  });
});
