import { expect, test, vi } from 'vitest';
import { createActor } from 'xstate';
import {
  Failure,
  type Listing,
  request,
  stream,
  type Verification,
  type WatcherHubNews,
  type WatchFact,
  watcherHub,
  watcherMachine,
} from '../../machines/index.js';
import { createVirtualClock } from '../../src/testing/index.js';

interface Flow {
  readonly prefix: string;
  readonly send: (fact: WatchFact) => void;
}

const empty: Listing = { revision: '7', entries: [] };

interface Etcd {
  readonly deny?: Set<string>;
  readonly garble?: Set<string>;
  content?: Listing;
}

/** A hub over an etcd that answers at once: `deny` and `garble` are the prefixes it has trouble with. */
function startHub(trouble: Etcd = {}) {
  const clock = createVirtualClock();
  const listed: string[] = [];
  const open = new Set<Flow>();
  const news: WatcherHubNews[] = [];
  const watcher = watcherMachine.provide({
    actors: {
      listPrefix: request<Listing, { readonly prefix: string }>(({ input }) => {
        listed.push(input.prefix);
        if (trouble.deny?.has(input.prefix) === true)
          return Promise.reject(new Failure('denied', 'permission denied'));
        if (trouble.garble?.has(input.prefix) === true) return Promise.reject(new TypeError('garbled'));
        return Promise.resolve(trouble.content ?? empty);
      }),
      watchPrefix: stream<WatchFact, { readonly prefix: string; readonly fromRevision: string }>(
        ({ input, send }) => {
          const flow = { prefix: input.prefix, send };
          open.add(flow);
          return () => {
            open.delete(flow);
          };
        },
      ),
      verifyPrefix: request<Verification, { readonly prefix: string; readonly revision: string }>(
        ({ input }) => Promise.resolve({ revision: input.revision, changedCount: 0, totalCount: 0 }),
      ),
    },
  });
  const hub = createActor(watcherHub(watcher), { clock });
  hub.on('*', (item) => news.push(item));
  hub.start();
  const follows = (): string[] => [...open].map(({ prefix }) => prefix).sort();
  const told = (): string[] => news.map(({ type, prefix }) => `${type} ${prefix}`);
  const watched = (): string[] =>
    [...hub.getSnapshot().context.watched].map(
      ([prefix, { ref, users }]) => `${prefix} ${ref.getSnapshot().status} ${users}`,
    );
  return { hub, clock, listed, open, news, follows, told, watched };
}

const up = { type: 'connection.up', epoch: 1, history: 0, endpoint: 'etcd:2379' } as const;
const down = { type: 'connection.down', reason: 'connection reset' } as const;

/** Lets the answered promises arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('watches a prefix once, for as long as somebody watches it', async () => {
  const { hub, listed, follows } = startHub();
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  hub.send({ type: 'hub.watch', prefix: '/b/' });
  await settle();
  expect(listed).toEqual(['/a/', '/b/']);
  hub.send({ type: 'hub.unwatch', prefix: '/a/' });
  expect(follows()).toEqual(['/a/', '/b/']);
  hub.send({ type: 'hub.unwatch', prefix: '/a/' });
  expect(follows()).toEqual(['/b/']);
  hub.send({ type: 'hub.unwatch', prefix: '/a/' });
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  expect(follows()).toEqual(['/a/', '/b/']);
});

test('passes the link on, and tells it to watchers that begin later', async () => {
  const { hub, follows, told } = startHub();
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  expect(follows()).toEqual([]);
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/b/' });
  await settle();
  expect(follows()).toEqual(['/a/', '/b/']);
  hub.send(down);
  hub.send({ type: 'hub.watch', prefix: '/c/' });
  await settle();
  expect(follows()).toEqual([]);
  expect(told().slice(-2)).toEqual(['watcher.stale /a/', 'watcher.stale /b/']);
});

test('starts a watcher that crashed again, and leaves its neighbours alone', async () => {
  const garble = new Set(['/a/']);
  const { hub, listed, follows, told } = startHub({ garble });
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/b/' });
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  expect(listed.filter((prefix) => prefix === '/a/')).toHaveLength(6);
  expect(told().filter((text) => text === 'watcher.crashed /a/')).toHaveLength(6);
  expect(follows()).toEqual(['/b/']);
});

const oneKey: Listing = {
  revision: '7',
  entries: [{ key: '/a/1', value: '', createRevision: '5', modRevision: '5', leaseId: '0' }],
};

test('gives the watcher that is started again what the ended one knew [SUB-2] [SUB-7]', async () => {
  for (const end of ['denied', 'crashed'] as const) {
    const etcd = { deny: new Set<string>(), content: oneKey };
    const { hub, open, told, watched } = startHub(etcd);
    hub.send(up);
    hub.send({ type: 'hub.watch', prefix: '/a/' });
    await settle();
    etcd.content = { revision: '3', entries: [] };
    if (end === 'denied') {
      etcd.deny.add('/a/');
      for (const { send } of open) send({ type: 'watch.compacted', compactRevision: '9' });
      await settle();
      etcd.deny.clear();
      hub.send({ type: 'hub.retry' });
    } else for (const { send } of open) send({ type: 'watch.changed', changes: null as never });
    await settle();
    expect([end, watched()]).toEqual([end, ['/a/ active 1']]);
    expect(told().slice(-3)).toEqual([`watcher.${end} /a/`, 'watcher.stale /a/', 'watcher.listed /a/']);
    const { ref } = hub.getSnapshot().context.watched.get('/a/') ?? {};
    expect(ref?.getSnapshot()).toMatchObject({
      value: { following: 'protecting' },
      context: { history: 1, revision: '3', told: { history: 0, size: 1 } },
    });
  }
});

test('closes the stream of a watcher that died in the middle of it', async () => {
  const { hub, open, follows, told } = startHub();
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  for (const { send } of open) send({ type: 'watch.changed', changes: null as never });
  await settle();
  expect(told()).toContain('watcher.crashed /a/');
  expect(follows()).toEqual(['/a/']);
});

test('says nothing to a watcher that has ended', async () => {
  const warned = vi.spyOn(console, 'warn');
  const { hub } = startHub({ deny: new Set(['/a/', '/b/']) });
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  hub.send({ type: 'hub.watch', prefix: '/b/' });
  await settle();
  hub.send(down);
  hub.send({ type: 'hub.unwatch', prefix: '/a/' });
  hub.send({ type: 'hub.close' });
  expect(warned).not.toHaveBeenCalled();
});

test('asks for a prefix again that etcd denied when it is told to, and leaves the others alone', async () => {
  const deny = new Set(['/a/']);
  const { hub, listed, follows, told, watched } = startHub({ deny });
  hub.send(up);
  for (const prefix of ['/a/', '/a/', '/b/']) hub.send({ type: 'hub.watch', prefix });
  await settle();
  hub.send({ type: 'hub.retry' });
  await settle();
  expect(listed).toEqual(['/a/', '/b/', '/a/']);
  expect(told().filter((text) => text === 'watcher.denied /a/')).toHaveLength(2);
  deny.clear();
  hub.send({ type: 'hub.retry' });
  await settle();
  expect(follows()).toEqual(['/a/', '/b/']);
  expect(watched()).toEqual(['/a/ active 2', '/b/ active 1']);
});

test('asks for a prefix again that etcd denied, when somebody watches it anew or a link comes up', async () => {
  const deny = new Set(['/a/']);
  const { hub, listed, follows, watched } = startHub({ deny });
  hub.send(up);
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  expect(watched()).toEqual(['/a/ done 1']);
  hub.send({ type: 'hub.watch', prefix: '/a/' });
  await settle();
  expect([listed, watched()]).toEqual([['/a/', '/a/'], ['/a/ done 2']]);
  deny.clear();
  hub.send(down);
  hub.send({ ...up, epoch: 2 });
  await settle();
  expect([follows(), watched()]).toEqual([['/a/'], ['/a/ active 2']]);
});

test('does not look through all watchers when one of them ends', async () => {
  const { hub } = startHub();
  hub.send(up);
  const prefixes = Array.from({ length: 200 }, (_, index) => `/${index}/`);
  for (const prefix of prefixes) hub.send({ type: 'hub.watch', prefix });
  await settle();
  const { watched, prefixes: byActor } = hub.getSnapshot().context;
  expect(byActor.size).toBe(200);
  let looks = 0;
  watched[Symbol.iterator] = watched.entries = function* () {
    for (const entry of Map.prototype.entries.call(this)) {
      looks += 1;
      yield entry;
    }
    return undefined;
  };
  for (const prefix of prefixes) hub.send({ type: 'hub.unwatch', prefix });
  await settle();
  expect(looks).toBe(0);
  expect(byActor.size).toBe(0);
});

test('leaves no stream and no timer when it is closed, or stopped at once', async () => {
  for (const end of ['close', 'stop'] as const) {
    const { hub, clock, open, follows } = startHub();
    hub.send(up);
    hub.send({ type: 'hub.watch', prefix: '/a/' });
    hub.send({ type: 'hub.watch', prefix: '/b/' });
    await settle();
    for (const { prefix, send } of open)
      if (prefix === '/b/') send({ type: 'watch.broken', failure: { kind: 'unavailable', message: 'x' } });
    expect([follows(), clock.pending]).toEqual([['/a/'], 1]);
    if (end === 'close') hub.send({ type: 'hub.close' });
    else hub.stop();
    expect([end, follows(), clock.pending]).toEqual([end, [], 0]);
  }
});
