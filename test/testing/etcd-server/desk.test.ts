import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EtcdCore } from '../../../src/testing/etcd-core/core.js';
import { Desk } from '../../../src/testing/etcd-server/desk.js';
import { bytes, put, watching } from '../etcd-core/requests.js';

let nowMs = 0;
let core: EtcdCore;
let desk: Desk;

beforeEach(() => {
  nowMs = 5000;
  core = new EtcdCore();
  desk = new Desk(core, () => nowMs);
  desk.serve(() => core.leaseGrant({ ID: '7', TTL: 10 }));
});

afterEach(() => desk.down());

const remaining = (): string => core.leaseTimeToLive({ ID: '7' }).TTL;

test('brings the clock up to date before it serves', () => {
  nowMs += 10_000;
  let alive: string | undefined;
  desk.serve(() => {
    alive = remaining();
  });
  expect(alive).toBe('-1');
});

test('feeds watchers that are behind until they are not', async () => {
  for (let i = 0; i < 2500; i++) core.txn({ success: [put('a')] });
  const told = watching(core, { key: bytes('a'), start_revision: 2 });
  desk.serve(() => undefined);
  while (core.anyWatcherBehind) await new Promise(setImmediate);
  expect(told.length).toBe(4);
});

describe('frozen', () => {
  test('it serves on thaw what came in, in order, after it ended the leases whose time passed', () => {
    const served: string[] = [];
    desk.freeze();
    nowMs += 10_000;
    desk.serve(() => served.push(`first, lease ${remaining()}`));
    desk.serve(() => served.push('second'));
    expect([served, remaining()]).toEqual([[], '10']);
    desk.thaw();
    expect(served).toEqual(['first, lease -1', 'second']);
  });

  test('it ends leases on thaw even if nothing came in', () => {
    desk.freeze();
    nowMs += 10_000;
    desk.thaw();
    expect(remaining()).toBe('-1');
  });

  test('it forgets what came in when it dies', () => {
    const served: string[] = [];
    desk.freeze();
    desk.serve(() => served.push('lost'));
    desk.down();
    desk.up();
    desk.thaw();
    expect(served).toEqual([]);
  });
});

describe('down', () => {
  test('it serves nothing and lets no lease age; up again, leases have their full time', () => {
    nowMs += 6000;
    desk.down();
    const served: string[] = [];
    nowMs += 60_000;
    desk.serve(() => served.push('late'));
    expect([served, remaining()]).toEqual([[], '10']);
    desk.up();
    nowMs += 4000;
    desk.serve(() => served.push('alive'));
    expect([served, remaining()]).toEqual([['alive'], '6']);
  });

  test('who waited for a leader is forgotten', () => {
    const acted: string[] = [];
    desk.loseLeader();
    desk.leadership.whenPresent(
      () => acted.push('served'),
      () => acted.push('refused'),
    );
    desk.down();
    desk.up();
    expect(acted).toEqual([]);
  });
});

describe('without a leader', () => {
  test('those who wait go on in order when there is one', () => {
    const acted: number[] = [];
    desk.loseLeader();
    for (const number of [1, 2])
      desk.leadership.whenPresent(
        () => acted.push(number),
        () => undefined,
      );
    expect(acted).toEqual([]);
    desk.regainLeader();
    expect(acted).toEqual([1, 2]);
  });
});
