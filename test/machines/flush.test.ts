import { expect, test } from 'vitest';
import { applyOutcome, type FlushState } from '../../machines/flush.js';
import type { BatchOutcome } from '../../machines/index.js';
import { promptRepairsMax, rewrite } from '../../machines/registration.js';
import { planWrites } from '../../machines/write-plan.js';
import { keysOf, registrationOf, registrationsOf } from '../support/desired.js';
import { failedWith, flushing } from '../support/flushing.js';

const applied: BatchOutcome = { type: 'applied', revision: '7', foreign: [] };

test('remembers under which lease and in which flush an entry was written', () => {
  const { state, batch } = flushing();
  const { state: next, news } = applyOutcome(state, batch, applied);
  expect(next.registrations.get('/a')).toMatchObject({
    state: 'written',
    leaseId: '42',
    flush: 5,
    sent: true,
  });
  expect(next.dirty.size).toBe(0);
  expect(news).toEqual([{ type: 'registration.written', keys: expect.toSatisfy(isBoth), leaseId: '42' }]);
});

function isBoth(keys: readonly string[]): boolean {
  return [...keys].sort().join() === '/a,/b';
}

test('skips an entry that was forgotten while its write was on its way', () => {
  const { state, batch } = flushing();
  const forgotten = { ...state, registrations: state.registrations.with([['/a', undefined]]) };
  for (const outcome of [applied, failedWith('timeout'), failedWith('tooLarge')]) {
    const { state: next } = applyOutcome(forgotten, batch, outcome);
    expect(next.registrations.has('/a')).toBe(false);
  }
});

test('leaves an entry dirty whose intent has changed since', () => {
  const { state, batch } = flushing();
  const changed = registrationOf('/a', { version: 2, state: 'withdrawing' });
  const later = { ...state, registrations: state.registrations.with([['/a', changed]]) };
  const { state: next, news } = applyOutcome(later, batch, applied);
  expect(next.registrations.get('/a')).toEqual({ ...changed, leaseId: '42', flush: 5, sent: true });
  expect([...next.dirty.keys()]).toEqual(['/a']);
  expect(news).toEqual([{ type: 'registration.written', keys: ['/b'], leaseId: '42' }]);
});

test('refuses nobody for an answer to an older intent', () => {
  const alone = flushing({ registrations: registrationsOf(registrationOf('/a')), dirty: keysOf('/a') });
  const changed = registrationOf('/a', { version: 2 });
  const later = { ...alone.state, registrations: registrationsOf(changed) };
  expect(applyOutcome(later, alone.batch, failedWith('tooLarge'))).toEqual({ state: later, news: [] });
});

test('counts how many transactions have to be tried again', () => {
  const { state, batch } = flushing();
  const again = (outcome: BatchOutcome): number => applyOutcome(state, batch, outcome).state.retries;
  expect(again(applied)).toBe(0);
  expect(again({ type: 'fenced', fence: '1' })).toBe(1);
  expect(again(failedWith('timeout'))).toBe(1);
  expect(again(failedWith('noSpace'))).toBe(1);
  // These are tried again at once: alone, or under another lease.
  expect(again(failedWith('tooLarge'))).toBe(0);
  expect(again(failedWith('leaseLost'))).toBe(0);
});

test('writes without its parent the entry alone that was refused with it [REG-5]', () => {
  const [parent, other] = [
    { key: '/p', value: '1' },
    { key: '/q', value: '1' },
  ];
  const at = { registrations: registrationsOf(registrationOf('/p/a', { parent })), dirty: keysOf('/p/a') };
  const { state, batch } = flushing(at);
  const refused = applyOutcome(state, batch, failedWith('tooLarge')).state;
  const later = refused.registrations.with([
    ['/p/b', registrationOf('/p/b', { parent })],
    ['/q/a', registrationOf('/q/a', { parent: other })],
  ]);
  const planOf = (dirty: string): readonly string[] =>
    planWrites({ ...refused, ...refused.terms, registrations: later, dirty: [dirty] }).flatMap(
      ({ operations }) => operations.map(({ type }) => type),
    );
  expect([planOf('/p/a'), planOf('/p/b'), planOf('/q/a')]).toEqual([
    ['put'],
    ['ensure', 'put'],
    ['ensure', 'put'],
  ]);
  // An answer to an older intent says nothing about the present one.
  const changed = {
    ...state,
    registrations: registrationsOf(registrationOf('/p/a', { parent, version: 2 })),
  };
  expect(applyOutcome(changed, batch, failedWith('tooLarge')).state).toEqual(changed);
});

test('remembers a conflict with another process, and tells it once', () => {
  const { state, batch } = flushing();
  const taken: BatchOutcome = { type: 'applied', revision: '7', foreign: ['/a'] };
  const first = applyOutcome(state, batch, taken);
  expect(first.state.registrations.get('/a')).toMatchObject({
    state: 'written',
    lastError: { kind: 'conflict' },
  });
  expect(first.news.map(({ type }) => type)).toEqual(['registration.written', 'registration.conflicted']);
  const second = applyOutcome(first.state, batch, taken);
  expect(second.news.map(({ type }) => type)).toEqual(['registration.written']);
});

test.each([true, false])('takes what somebody else holds for no quarrel about it (leased: %s)', (leased) => {
  const missing = { leased, value: '7', repair: true, repairs: promptRepairsMax - 1 };
  const { state, batch } = flushing({ registrations: registrationsOf(registrationOf('/a', missing)) });
  const held: BatchOutcome = { type: 'applied', revision: '7', foreign: ['/a'] };
  const again = ({ registrations }: FlushState): FlushState => ({
    ...state,
    registrations: registrations.with([
      ['/a', rewrite(registrations.get('/a') ?? registrationOf('/a'), true)],
    ]),
  });
  const first = applyOutcome(state, batch, held);
  const second = applyOutcome(again(first.state), batch, held);
  expect(second.state.registrations.get('/a')).toMatchObject({ repairs: 0 });
  const told = [first, second].flatMap(({ news }) => news.map(({ type }) => type));
  expect(told).toEqual(['registration.conflicted']);
  const third = applyOutcome(again(second.state), batch, applied);
  expect(third.state.registrations.get('/a')).toMatchObject({ repairs: 1, lastError: null });
});

test('says once that a key is taken away again and again', () => {
  const missing = { repair: true, repairs: promptRepairsMax - 1 };
  const { state, batch } = flushing({ registrations: registrationsOf(registrationOf('/a', missing)) });
  const first = applyOutcome(state, batch, applied);
  expect(first.news.map(({ type }) => type)).toEqual(['registration.written', 'registration.conflicted']);
  const known = first.state.registrations.get('/a') ?? registrationOf('/a');
  expect(known).toMatchObject({ repairs: promptRepairsMax, lastError: { kind: 'conflict' } });
  const second = applyOutcome(
    { ...state, registrations: registrationsOf(rewrite(known, true)) },
    batch,
    applied,
  );
  expect(second.news.map(({ type }) => type)).toEqual(['registration.written']);
});

test('knows the fence that its transaction has moved, while the lease is in use', () => {
  const { state, batch } = flushing();
  const moving = { ...batch, fenceBump: '1' };
  expect(applyOutcome(state, moving, applied).state.fence).toEqual({ status: 'open', value: '1' });
  const replaced: FlushState = {
    ...state,
    lease: { leaseId: '43', generation: 2 },
    fence: { status: 'unopened' },
  };
  expect(applyOutcome(replaced, moving, applied).state.fence).toEqual({ status: 'unopened' });
});
