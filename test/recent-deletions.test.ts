/** What is remembered of deletions, and what is said of those that were forgotten. */
import { expect, test } from 'vitest';
import { RecentDeletions } from '../src/etcd/recent-deletions.js';

const deletion = (key: string, revision: number) => ({ key, modRevision: String(revision) });

test('a key may be gone if it was deleted after it was written', () => {
  const deletions = new RecentDeletions();
  deletions.add([deletion('a', 9), deletion('b', 10)]);
  expect(deletions.mayBeGone('a', '8')).toBe(true);
  expect(deletions.mayBeGone('a', '9')).toBe(false);
  expect(deletions.mayBeGone('c', '8')).toBe(false);
});

test('the last deletion of a key counts', () => {
  const deletions = new RecentDeletions();
  deletions.add([deletion('a', 5), deletion('a', 10)]);
  expect(deletions.mayBeGone('a', '9')).toBe(true);
});

test('the latest thousand deletions are remembered; before them, any key may be gone', () => {
  const deletions = new RecentDeletions();
  deletions.add([deletion('again', 1)]);
  deletions.add(Array.from({ length: 999 }, (_, index) => deletion(`${index}`, 2 + index)));
  expect(deletions.mayBeGone('other', '1')).toBe(false);
  deletions.add([deletion('again', 1_001), deletion('last', 1_002)]);
  expect(deletions.mayBeGone('again', '1000')).toBe(true);
  expect(deletions.mayBeGone('other', '1')).toBe(true);
  expect(deletions.mayBeGone('other', '2')).toBe(false);
});
