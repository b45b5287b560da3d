/** The shared watch stream, on a stream that answers as slowly as a test wants. */
import { EventEmitter } from 'node:events';
import type { IWatchRequest } from 'etcd3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Failure, WatchFact } from '../../machines/index.js';
import { Login, RenewalLimit } from '../../src/etcd/login.js';
import type { Transport } from '../../src/etcd/transport.js';
import { WatchStreams } from '../../src/etcd/watch-streams.js';

const timeoutMs = 1_000;
const settings = { requestTimeoutMs: timeoutMs, metaRoot: '/leasehold', root: '/dubbo' };

class SlowStream extends EventEmitter {
  readonly requests: IWatchRequest[] = [];
  /** So many questions for progress are not answered. */
  swallowed = 0;

  /** Takes its time with watches, but says at once that it lives. */
  write(request: IWatchRequest): void {
    this.requests.push(request);
    if (request.progress_request === undefined) return;
    this.swallowed -= 1;
    if (this.swallowed >= 0) return;
    this.emit('data', { created: false, watch_id: '-1', compact_revision: '0', canceled: false, events: [] });
  }

  cancel(): void {}

  /** Answers the oldest create. */
  answer(watchId: number): void {
    const header = { revision: '1' };
    this.emit('data', { created: true, canceled: false, watch_id: String(watchId), header, events: [] });
  }
}

const failures: Failure[] = [];
const facts: WatchFact[] = [];
let stream: SlowStream;
let watches: WatchStreams;

beforeEach(() => {
  vi.useFakeTimers();
  failures.length = 0;
  facts.length = 0;
  stream = new SlowStream();
  const transport = { watch: { watch: () => Promise.resolve(stream) }, own: () => () => {} };
  const login = new Login(transport as unknown as Transport, settings, new RenewalLimit());
  const report = (failure: Failure): void => void failures.push(failure);
  watches = new WatchStreams({ transport: transport as unknown as Transport, timeoutMs, login, report }, () =>
    Promise.resolve(true),
  );
});

afterEach(() => {
  watches.close();
  vi.useRealTimers();
});

test('gives etcd time for each of many watches, not for all of them together', async () => {
  for (let id = 1; id <= 10; id += 1) watches.watch(`/dubbo/${id}/`, '1', (fact) => facts.push(fact));
  await vi.advanceTimersByTimeAsync(0);
  for (let id = 1; id <= 10; id += 1) {
    await vi.advanceTimersByTimeAsync(timeoutMs - 100);
    stream.answer(id);
  }
  await vi.advanceTimersByTimeAsync(10 * timeoutMs);
  expect(facts.map(({ type }) => type)).toEqual(Array.from({ length: 10 }, () => 'watch.created'));
  expect(failures).toEqual([]);
});

test('gives the stream up when the next watch is not opened in time', async () => {
  for (let id = 1; id <= 2; id += 1) watches.watch(`/dubbo/${id}/`, '1', (fact) => facts.push(fact));
  await vi.advanceTimersByTimeAsync(timeoutMs - 1);
  stream.answer(1);
  await vi.advanceTimersByTimeAsync(timeoutMs);
  expect(failures.map(({ kind }) => kind)).toEqual(['timeout']);
  expect(facts.map(({ type }) => type)).toEqual(['watch.created', 'watch.broken', 'watch.broken']);
});

test('says that an answer is overdue while a stream with watches is silent, and gives it up after 5 s', async () => {
  watches.watch('/dubbo/1/', '1', (fact) => facts.push(fact));
  await vi.advanceTimersByTimeAsync(0);
  stream.answer(1);
  stream.write = () => {};
  await vi.advanceTimersByTimeAsync(3_000);
  expect(failures.map(({ kind }) => kind)).toContain('timeout');
  expect(facts.map(({ type }) => type)).toEqual(['watch.created']);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(facts.map(({ type }) => type)).toEqual(['watch.created', 'watch.broken']);
});

test('asks again when etcd swallows a question, as newer releases do while a watch catches up', async () => {
  watches.watch('/dubbo/1/', '1', (fact) => facts.push(fact));
  await vi.advanceTimersByTimeAsync(0);
  stream.answer(1);
  stream.swallowed = 1;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(facts.map(({ type }) => type)).toEqual(['watch.created']);
  expect(failures).toHaveLength(1);
});
