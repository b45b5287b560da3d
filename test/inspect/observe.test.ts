import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRegistry, Registry } from '../../src/index.js';
import { type Observation, observe } from '../../src/inspect/index.js';
import { type MemoryEtcd, startMemoryEtcd } from '../../src/testing/index.js';
import { play } from '../simulation/simulation.js';
import { storyOf } from '../simulation/story.js';
import { eventually } from '../support/eventually.js';

const provider = 'dubbo://10.0.0.1:20880/com.acme.Orders?version=1.0.0';
const consumer = 'consumer://10.0.0.9/com.acme.Orders?version=1.0.0';

describe('an observer of a running registry', () => {
  let etcd: MemoryEtcd;
  let registry: Registry;
  let seen: Observation[];

  beforeEach(async () => {
    etcd = await startMemoryEtcd();
    registry = await createRegistry({
      address: `etcd3://${etcd.endpoint}?file=false&session=6000`,
      username: 'root',
      password: 'open sesame',
    });
    seen = [];
  });

  afterEach(async () => {
    await registry.close();
    await etcd.stop();
  });

  const record = (observation: Observation): void => void seen.push(observation);

  /** The states that the machine of this name was seen in. */
  function statesOf(name: string): readonly (string | null)[] {
    const ids = new Set(actorsSeen().flatMap((actor) => (actor.name === name ? [actor.id] : [])));
    return seen.flatMap((each) => {
      if (each.type === 'actor') return ids.has(each.actor.id) ? [each.snapshot.state] : [];
      return each.type === 'snapshot' && ids.has(each.actorId) ? [each.snapshot.state] : [];
    });
  }

  function actorsSeen(): readonly (Observation & { type: 'actor' })['actor'][] {
    return seen.flatMap((each) => (each.type === 'actor' ? [each.actor] : []));
  }

  test('is told every actor that there is, parents first, however late it comes [SEE-3]', async () => {
    await registry.register(provider);
    await registry.subscribe(consumer, () => {});
    observe(registry, record);
    await eventually(() => expect(actorsSeen().map(({ name }) => name)).toContain('watchPrefix'));
    const names = actorsSeen().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['registry', 'connection', 'lease', 'watchers', 'watcher']));
    const ids = new Set<string | null>([null]);
    for (const { id, parentId } of actorsSeen()) {
      expect(ids).toContain(parentId);
      ids.add(id);
    }
    const lease = seen.find((each) => each.type === 'actor' && each.actor.name === 'lease');
    expect(lease).toMatchObject({
      definition: { id: 'lease', states: { alive: { type: 'parallel' } } },
      snapshot: { status: 'active', state: expect.stringMatching(/^alive/), tags: ['usable'] },
    });
  });

  test('is told what happens afterwards, of old and of new actors, until they end', async () => {
    observe(registry, record);
    await registry.register(provider);
    await registry.subscribe(consumer, () => {});
    await etcd.crash();
    await eventually(() => expect(statesOf('watcher')).toContain('erroring.waiting'));
    await etcd.restart();
    await eventually(() => expect(statesOf('connection').at(-1)).toBe('connected.certain'));
    expect(statesOf('connection')).toEqual(expect.arrayContaining(['disconnected', 'connecting']));
    await registry.close();
    await eventually(() => expect(statesOf('registry').at(-1)).toContain('life.closed'));
    const asked = actorsSeen().filter(({ name }) => name === 'grantLease');
    const ends = seen.filter((each) => each.type === 'snapshot' && each.actorId === asked[0]?.id);
    expect(ends.at(-1)).toMatchObject({ snapshot: { status: 'done', output: { ttlSeconds: 6 } } });
  });

  test('is shown no password and no token, in whatever it looks at [SEE-3]', async () => {
    observe(registry, record);
    const key =
      'dubbo://scott:t1ger@10.0.0.1:20880/com.acme.Orders?version=1.0.0&token=t2ger&note=open sesame';
    await registry.register(key);
    await registry.subscribe(consumer, () => {});
    await etcd.crash();
    await eventually(() => expect(statesOf('watcher')).toContain('erroring.waiting'));
    const withdrawn = registry.unregister(key);
    await etcd.restart();
    await withdrawn;
    await eventually(() => expect(statesOf('registry').at(-1)).toContain('publishing.idle'));
    const all = JSON.stringify(seen);
    expect(all).toContain('scott');
    expect(all).not.toMatch(/t1ger|t2ger|open.{0,8}sesame/);
  });

  test('that throws or rejects is reported once, and harms nobody [SEE-3]', async () => {
    const reported: unknown[] = [];
    registry.on('listenerError', (error) => reported.push(error));
    observe(registry, () => {
      throw new Error('an observer threw');
    });
    observe(registry, () => Promise.reject(new Error('an observer rejected')));
    observe(registry, record);
    await registry.register(provider);
    await etcd.crash();
    await etcd.restart();
    await eventually(() => expect(statesOf('connection')).toContain('disconnected'));
    await eventually(() => expect(statesOf('connection').at(-1)).toBe('connected.certain'));
    expect(reported.map(String).sort()).toEqual(['Error: an observer rejected', 'Error: an observer threw']);
    expect(registry.status().registrations).toMatchObject([{ state: 'written' }]);
  });

  test('that throws is reported to who attached it, if he wants to hear of it', async () => {
    const reported: unknown[] = [];
    const boom = new Error('an observer threw');
    const onError = (error: unknown): void => void reported.push(error);
    observe(
      registry,
      () => {
        throw boom;
      },
      { onError },
    );
    await registry.register(provider);
    expect(reported).toEqual([boom]);
  });

  test('hears nothing more once it is detached, also by itself [SEE-3]', async () => {
    const detach = observe(registry, record);
    await eventually(() => expect(seen.length).toBeGreaterThan(3));
    detach();
    const { length } = seen;
    let calls = 0;
    const end = observe(registry, () => {
      calls += 1;
      end();
    });
    await registry.register(provider);
    expect(seen).toHaveLength(length);
    expect(calls).toBe(1);
  });

  test('may call the registry back [SEE-3]', async () => {
    let closing: Promise<void> | undefined;
    observe(registry, (observation) => {
      record(observation);
      if (observation.type === 'event') closing ??= registry.close();
    });
    await registry.subscribe(consumer, () => {}).catch(() => {});
    await eventually(() => expect(closing).toBeDefined());
    await closing;
    expect(registry.isOpen).toBe(false);
  });

  test('is refused for what is no registry of ours', () => {
    expect(() => observe({} as Registry, record)).toThrow(/^cannot inspect the registry: it was not made by/);
  });
});

test('whole stories with faults go the same way whether somebody looks or not [SEE-3]', async () => {
  const toldBy = async (attach: (registry: Registry) => void): Promise<readonly string[]> => {
    const lines: string[] = [];
    const on = Reflect.get(Registry.prototype, 'on') as (...args: unknown[]) => Registry;
    // Every process of the story listens to its registry as soon as it has one.
    const listening = vi.spyOn(Registry.prototype, 'on').mockImplementation(function (
      this: Registry,
      name,
      handler,
    ) {
      if (name === 'connection') attach(this);
      return Reflect.apply(on, this, [name, handler]);
    });
    try {
      const { violation } = await play(storyOf(5), { trace: (line) => lines.push(line) });
      expect(violation).toBeUndefined();
      return lines;
    } finally {
      listening.mockRestore();
    }
  };
  let observations = 0;
  const watched = await toldBy((registry) => {
    observe(registry, (observation) => {
      observations += JSON.stringify(observation).length > 0 ? 1 : 0;
    });
    observe(
      registry,
      () => {
        throw new Error('an observer threw');
      },
      { onError: () => {} },
    );
  });
  expect(watched).toEqual(await toldBy(() => {}));
  expect(observations).toBeGreaterThan(1_000);
});
