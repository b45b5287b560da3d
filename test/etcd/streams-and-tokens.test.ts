/** The streams of a link whose token ends, on streams that a test answers by hand. */
import { EventEmitter } from 'node:events';
import type { ILeaseKeepAliveRequest, IWatchRequest } from 'etcd3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Failure, WatchFact } from '../../machines/index.js';
import { KeepAliveStream } from '../../src/etcd/keepalive-stream.js';
import { Login, RenewalLimit } from '../../src/etcd/login.js';
import type { StreamUse } from '../../src/etcd/stream-use.js';
import type { Transport } from '../../src/etcd/transport.js';
import { WatchStreams } from '../../src/etcd/watch-streams.js';

const invalid = 'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token';
const denied = 'rpc error: code = PermissionDenied desc = etcdserver: permission denied';
const voidToken = Object.assign(new Error('16'), { code: 16, details: 'etcdserver: invalid auth token' });

class Stream extends EventEmitter {
  readonly requests: (IWatchRequest & ILeaseKeepAliveRequest)[] = [];
  readonly token: number;
  isCancelled = false;

  constructor(token: number) {
    super();
    this.token = token;
  }

  write(request: IWatchRequest & ILeaseKeepAliveRequest): void {
    this.requests.push(request);
  }

  cancel(): void {
    this.isCancelled = true;
  }

  /** Answers the create that was sent as number `index`. */
  create(index: number, reason?: string): void {
    const { watch_id } = this.requests.filter((each) => each.create_request)[index]?.create_request ?? {};
    const refused = reason !== undefined;
    const answer = { watch_id: refused ? '-1' : watch_id, canceled: refused, cancel_reason: reason ?? '' };
    this.emit('data', { ...answer, created: true, header: { revision: '1' }, events: [] });
  }
}

let token: number;
let streams: Stream[];
let reported: string[];
let loginFails: boolean;
let use: StreamUse;

beforeEach(() => {
  vi.useFakeTimers();
  token = 0;
  streams = [];
  reported = [];
  loginFails = false;
  const open = (): Promise<Stream> => {
    const stream = new Stream(token);
    streams.push(stream);
    return Promise.resolve(stream);
  };
  const transport = {
    watch: { watch: open },
    lease: { leaseKeepAlive: open },
    own: () => () => {},
    auth: {
      authenticate: async () => {
        if (loginFails) throw voidToken;
        token += 1;
        return { token: String(token) };
      },
    },
    useToken: () => {},
  } as unknown as Transport;
  const credentials = { username: 'ann', password: 'x' };
  const settings = { requestTimeoutMs: 1_000, metaRoot: '/leasehold', root: '/dubbo', credentials };
  const login = new Login(transport, settings, new RenewalLimit());
  const report = (failure: Failure): void => void reported.push(failure.kind);
  use = { transport, timeoutMs: 1_000, login, report };
});

afterEach(() => {
  vi.useRealTimers();
});

const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const renew = (): Promise<void> => use.login.renew(use.login.generation, {} as Failure);

describe('watches', () => {
  let watches: WatchStreams;
  let mayRead: boolean;
  let facts: Record<string, string[]>;

  beforeEach(() => {
    mayRead = true;
    facts = {};
    watches = new WatchStreams(use, () => Promise.resolve(mayRead));
  });
  afterEach(() => watches.close());

  async function watch(name: string): Promise<() => void> {
    const told: string[] = [];
    facts[name] = told;
    const tell = (fact: WatchFact): void =>
      void told.push(fact.type === 'watch.broken' ? fact.failure.kind : fact.type);
    const cancel = watches.watch(`/${name}/`, '5', tell);
    await soon();
    return cancel;
  }

  test.each([
    ['that its token is invalid', invalid],
    ['as older releases do, that permission is denied', denied],
  ])(
    'one that etcd refuses, saying %s, is created under a new token; its neighbours stay',
    async (_, why) => {
      await watch('a');
      streams[0]?.create(0);
      await watch('b');
      if (why === denied) await renew();
      streams[0]?.create(1, why);
      await soon();
      expect(streams.map((stream) => stream.token)).toEqual([0, 1]);
      streams[1]?.create(0);
      expect(streams[1]?.requests[0]?.create_request).toMatchObject({ start_revision: '5' });
      expect(facts).toEqual({ a: ['watch.created'], b: ['watch.created'] });
      expect({ reported, isCancelled: streams[0]?.isCancelled }).toEqual({
        reported: [],
        isCancelled: false,
      });
    },
  );

  test('one that may not be read, either, is denied', async () => {
    mayRead = false;
    await watch('a');
    streams[0]?.create(0, denied);
    await soon();
    expect({ facts, reported, token }).toEqual({ facts: { a: ['denied'] }, reported: [], token: 0 });
  });

  test('one that is refused twice has failed: for its token with the link, for a permission alone', async () => {
    await watch('a');
    streams[0]?.create(0, invalid);
    await soon();
    streams[1]?.create(0, invalid);
    await soon();
    await watch('b');
    streams[1]?.create(1, denied);
    await soon();
    streams[1]?.create(2, denied);
    await soon();
    expect(facts).toEqual({ a: ['unauthenticated'], b: ['denied'] });
    expect(reported).toEqual(['unauthenticated']);
  });

  test('one that was cancelled while its token was renewed is not created again', async () => {
    const cancel = await watch('a');
    streams[0]?.create(0, invalid);
    cancel();
    await soon();
    expect({ count: streams.length, facts }).toEqual({ count: 1, facts: { a: [] } });
  });

  test('a login that fails is what a watch failed with', async () => {
    loginFails = true;
    await watch('a');
    streams[0]?.create(0, invalid);
    await soon();
    expect({ facts, reported }).toEqual({ facts: { a: ['unauthenticated'] }, reported: ['unauthenticated'] });
  });

  test('a stream of an older token ends with its last watch', async () => {
    const cancel = await watch('a');
    await renew();
    await watch('b');
    expect(streams.map((stream) => stream.isCancelled)).toEqual([false, false]);
    cancel();
    expect(streams.map((stream) => stream.isCancelled)).toEqual([true, false]);
  });

  test('of five streams the oldest makes room, and only its watches are broken', async () => {
    for (const name of 'abcde') {
      await watch(name);
      await renew();
    }
    expect(streams.map((stream) => stream.isCancelled)).toEqual([true, false, false, false, false]);
    expect(facts).toEqual({ a: ['unavailable'], b: [], c: [], d: [], e: [] });
    expect(reported).toEqual([]);
  });

  test('a stream that ends for its token breaks its watches and not the link', async () => {
    await watch('a');
    streams[0]?.emit('error', voidToken);
    await soon();
    await watch('b');
    expect(streams.map((stream) => stream.token)).toEqual([0, 1]);
    expect({ facts, reported }).toEqual({ facts: { a: ['unauthenticated'], b: [] }, reported: [] });
  });
});

describe('renewals of a lease', () => {
  test('one whose stream ends for its token goes again over another', async () => {
    const keepAlives = new KeepAliveStream(use);
    const renewed = keepAlives.renew('7');
    await soon();
    streams[0]?.emit('error', voidToken);
    await soon();
    streams[1]?.emit('data', { ID: '7', TTL: '30' });
    expect(await renewed).toMatchObject({ ttlSeconds: 30 });
    expect({ tokens: streams.map((stream) => stream.token), reported }).toEqual({
      tokens: [0, 1],
      reported: [],
    });
    keepAlives.close();
  });

  test('one that meets it twice has failed, and the link with it', async () => {
    const keepAlives = new KeepAliveStream(use);
    const failed = expect(keepAlives.renew('7')).rejects.toMatchObject({ kind: 'unauthenticated' });
    await soon();
    streams[0]?.emit('error', voidToken);
    await soon();
    streams[1]?.emit('error', voidToken);
    await failed;
    expect(reported).toEqual(['unauthenticated']);
    keepAlives.close();
  });
});
