import { expect, test, vi } from 'vitest';
import { Announcer } from '../src/announcer.js';

const origin = { address: 'etcd3://127.0.0.1:2379', root: '/dubbo' };

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('reports a handler that throws or rejects, and calls the others [LIFE-3]', async () => {
  const announcer = new Announcer(origin);
  const errors: unknown[] = [];
  const seen: string[] = [];
  announcer.on('listenerError', (error) => errors.push((error as Error).message));
  announcer.on('connection', () => {
    throw new Error('thrown');
  });
  announcer.on('connection', (async () => {
    throw new Error('rejected');
  }) as never);
  announcer.on('connection', ({ state }) => seen.push(state));
  announcer.emit('connection', { state: 'disconnected', reason: 'x' });
  await turn();
  expect(seen).toEqual(['disconnected']);
  expect(errors).toEqual(['thrown', 'rejected']);
});

test('warns the process when nobody listens for what a callback threw [LIFE-3]', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  new Announcer(origin).report(new Error('lost'));
  expect(warn.mock.calls.map(([warning]) => (warning as Error).message)).toEqual(['lost']);
  warn.mockRestore();
});

test('calls a handler once, and not after it was taken off', () => {
  const announcer = new Announcer(origin);
  const seen: string[] = [];
  const once = (): void => void seen.push('once');
  const off = (): void => void seen.push('off');
  announcer.once('connection', once);
  announcer.once('connection', off);
  announcer.off('connection', off);
  announcer.emit('connection', { state: 'disconnected', reason: 'x' });
  announcer.emit('connection', { state: 'disconnected', reason: 'x' });
  expect(seen).toEqual(['once']);
});

test('hides a password in the keys it tells', () => {
  const announcer = new Announcer(origin);
  const keys: string[] = [];
  announcer.on('registration', (event) => keys.push(...event.keys));
  announcer.announce({
    type: 'registration.written',
    leaseId: '1',
    keys: [
      '/dubbo/a.B/providers/dubbo%3A%2F%2Fu%3Ap%40ss%40h%3A1%2Fa.B',
      '/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fx%3Dy%40z',
    ],
  });
  expect(keys).toEqual([
    '/dubbo/a.B/providers/dubbo%3A%2F%2Fu%3A***%40h%3A1%2Fa.B',
    '/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fx%3Dy%40z',
  ]);
});

test('supplies a costly event only while somebody listens', () => {
  const announcer = new Announcer(origin);
  const log: string[] = [];
  announcer.supply('state', () => {
    log.push('begun');
    return () => log.push('ended');
  });
  const [one, two] = [() => {}, () => {}];
  announcer.on('state', one);
  announcer.on('state', two);
  announcer.off('state', one);
  expect(log).toEqual(['begun']);
  announcer.off('state', two);
  expect(log).toEqual(['begun', 'ended']);
  announcer.once('state', one);
  announcer.emit('state', { machine: 'lease', state: 'idle', previous: null, event: 'x' } as never);
  expect(log).toEqual(['begun', 'ended', 'begun', 'ended']);
  announcer.on('state', one);
  announcer.close();
  expect(log.slice(-2)).toEqual(['begun', 'ended']);
});

test('does not call one that fails, and hears of failures too, about its own failure [LIFE-3]', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const announcer = new Announcer(origin);
  let calls = 0;
  const handler = async (): Promise<void> => {
    calls += 1;
    // A loop of promises would never let the test end.
    if (calls < 100) throw new Error('the log is full');
  };
  announcer.on('connection', handler as never);
  announcer.on('listenerError', handler as never);
  announcer.emit('connection', { state: 'disconnected', reason: 'x' });
  await turn();
  expect(calls).toBe(2);
  expect(warn).toHaveBeenCalledTimes(1);
  announcer.off('connection', handler as never);
  announcer.emit('connection', { state: 'disconnected', reason: 'x' });
  expect(calls).toBe(2);
  warn.mockRestore();
});
