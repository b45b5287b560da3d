import { expect, test } from 'vitest';
import type { Entry } from '../machines/index.js';
import { Notifier, type NotifyListener } from '../src/notifier.js';
import { ServiceUrl } from '../src/url.js';
import { UrlList } from '../src/url-list.js';
import { type Clock, realWorld } from '../src/world.js';

const consumer = ServiceUrl.parse('consumer://10.0.0.9/a.B?category=providers,configurators,routers');
const surroundings = { clock: realWorld.clock, onError: () => {}, windowMs: 0 };
const ignore = { settled: () => {}, stale: () => {}, denied: () => {}, undecodable: () => {} };

function list(category: string): UrlList {
  return new UrlList(consumer, category, `/dubbo/a.B/${category}`, ignore);
}

function settle(to: UrlList, hosts: readonly number[], revision: string): void {
  const entries = hosts.map((host): Entry => {
    const url = `dubbo://10.0.0.${host}:1/a.B?category=${to.category}`;
    return {
      key: `${to.path}/${encodeURIComponent(url)}`,
      value: '1',
      createRevision: '1',
      modRevision: '1',
      leaseId: '0',
    };
  });
  to.replaced(entries);
  to.settled({ history: 0, revision });
}

/** Lets everything run that is due now: promises, then what was scheduled for the end of the turn. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

function recording(): { calls: string[]; listener: NotifyListener } {
  const calls: string[] = [];
  return {
    calls,
    listener: (urls, { category, revision }) => {
      calls.push(
        `${category}@${revision}: ${urls.map(({ protocol, address }) => `${protocol} ${address}`).join(', ')}`,
      );
    },
  };
}

test('tells configurators and routers before providers, each category whole [SUB-4]', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const lists = ['providers', 'routers', 'configurators'].map(list);
  for (const [index, each] of lists.entries()) {
    settle(each, index === 0 ? [1, 2] : [], '5');
    notifier.offer(each);
  }
  await notifier.told();
  expect(calls).toEqual([
    'configurators@5: empty 10.0.0.9',
    'routers@5: empty 10.0.0.9',
    'providers@5: dubbo 10.0.0.1:1, dubbo 10.0.0.2:1',
  ]);
});

test('waits until all can be told that were offered first, and tells them together [SUB-1]', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const [providers, routers] = [list('providers'), list('routers')];
  for (const each of [providers, routers]) {
    settle(each, [], '5');
    notifier.offer(each);
  }
  routers.replaced([]);
  let isTold = false;
  const told = notifier.told().then(() => {
    isTold = true;
  });
  await turn();
  expect([isTold, calls]).toEqual([false, []]);
  routers.settled({ history: 0, revision: '7' });
  notifier.remind();
  await told;
  expect(calls).toEqual(['routers@7: empty 10.0.0.9', 'providers@5: empty 10.0.0.9']);
});

test('does not wait for a list that need not be told any more', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const providers = list('providers');
  notifier.offer(providers);
  const told = notifier.told();
  await turn();
  notifier.forget(providers);
  await told;
  expect(calls).toEqual([]);
});

test('tells only the latest of several changes in one turn [SUB-2]', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const providers = list('providers');
  for (const revision of ['5', '6', '7']) {
    settle(providers, [Number(revision)], revision);
    notifier.offer(providers);
  }
  await turn();
  expect(calls).toEqual(['providers@7: dubbo 10.0.0.7:1']);
});

test('does not tell a content that was never at one revision', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const providers = list('providers');
  settle(providers, [1], '5');
  notifier.offer(providers);
  providers.changed([
    {
      type: 'delete',
      key: `${providers.path}/${encodeURIComponent('dubbo://10.0.0.1:1/a.B?category=providers')}`,
      modRevision: '6',
    },
  ]);
  await turn();
  expect(calls).toEqual([]);
  providers.settled({ history: 0, revision: '6' });
  notifier.offer(providers);
  await turn();
  expect(calls).toEqual(['providers@6: empty 10.0.0.9']);
});

test('waits for a listener that is still busy, and then tells the latest [SUB-6]', async () => {
  let finish = (): void => {};
  const revisions: string[] = [];
  const notifier = new Notifier((_, { revision }) => {
    revisions.push(revision);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  }, surroundings);
  const providers = list('providers');
  for (const revision of ['5', '6', '7']) {
    settle(providers, [Number(revision)], revision);
    notifier.offer(providers);
    await turn();
  }
  expect(revisions).toEqual(['5']);
  finish();
  await turn();
  expect(revisions).toEqual(['5', '7']);
});

test('reports a listener that throws, and tells it again with the latest [SUB-6]', async () => {
  const errors: unknown[] = [];
  let told = (): void => {};
  const again = new Promise<void>((resolve) => {
    told = resolve;
  });
  const revisions: string[] = [];
  const notifier = new Notifier(
    (_, { revision }) => {
      revisions.push(revision);
      if (revisions.length === 1) throw new Error('busy');
      told();
    },
    { ...surroundings, onError: (error) => void errors.push(error) },
  );
  const providers = list('providers');
  settle(providers, [1], '5');
  notifier.offer(providers);
  await turn();
  settle(providers, [2], '6');
  notifier.offer(providers);
  await again;
  expect(errors).toMatchObject([{ message: 'busy' }]);
  expect(revisions).toEqual(['5', '6']);
});

test('calls nobody after close, whatever was in flight [SUB-5]', async () => {
  const { calls, listener } = recording();
  const notifier = new Notifier(listener, surroundings);
  const providers = list('providers');
  settle(providers, [1], '5');
  notifier.offer(providers);
  notifier.close();
  await turn();
  expect(calls).toEqual([]);
});

test('leaves the timers of others alone when it is closed while a retry is due', async () => {
  const providers = list('providers');
  settle(providers, [1], '5');
  const failing = new Notifier(() => {
    throw new Error('always');
  }, surroundings);
  failing.offer(providers);
  await turn();
  let ran = 0;
  const others = [1, 2, 3].map(
    () =>
      new Promise<void>((resolve) => {
        setImmediate(() => {
          ran += 1;
          resolve();
        });
      }),
  );
  failing.close();
  await Promise.race([Promise.all(others), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  expect(ran).toBe(3);
});

test('does not call the second category when the first call closes the subscription [SUB-5]', async () => {
  const categories: string[] = [];
  const notifier: Notifier = new Notifier((_, { category }) => {
    categories.push(category);
    notifier.close();
  }, surroundings);
  for (const category of ['providers', 'routers']) {
    const each = list(category);
    settle(each, [1], '5');
    notifier.offer(each);
  }
  await turn();
  expect(categories).toEqual(['routers']);
});

test('leaves no timer when it is closed within its window [LIFE-1]', async () => {
  const timers = new Set<object>();
  const clock: Clock = {
    ...surroundings.clock,
    setTimeout: () => {
      const timer = {};
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as object),
  };
  const notifier = new Notifier(() => {}, { ...surroundings, clock, windowMs: 50 });
  const providers = list('providers');
  settle(providers, [1], '5');
  notifier.offer(providers);
  await turn();
  expect(timers.size).toBe(1);
  notifier.close();
  expect(timers.size).toBe(0);
});
